public import BearLabCore

/// The history as quoted titles in the instruction prompt, and nothing trained besides LoRA.
///
/// - Source: K. Bao et al., "A Bi-Step Grounding Paradigm for Large Language Models in
///   Recommendation Systems", 2023; SAI990323/BIGRec, `train.py` and `inference.py`.
public struct BIGRecBackbone: Backbone {
  public static let summary = "the history as quoted titles, nothing trained besides LoRA"
  public static let citation =
    "K. Bao et al., \"A Bi-Step Grounding Paradigm for Large Language Models in "
    + "Recommendation Systems\", 2023; SAI990323/BIGRec"
  public static let parameters = InstructionPrompt.parameters

  private let template: InstructionPrompt

  public init(_ values: ParameterValues) throws { template = try InstructionPrompt(values) }

  /// Writes the prompt, one part of text.
  ///
  /// - Throws: ``HistoryError``.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws(HistoryError) -> Prompt {
    try template.prompt(history: history, catalogue: catalogue, phrases: phrases, stage: stage) {
      [.text($1)]
    }
  }

  public func answer(title: String) -> String { InstructionPrompt.quoted(title) }
}

/// Registers the backbone `bigrec`.
public enum BIGRecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(backbone: "bigrec", BIGRecBackbone.self)
  }
}
