public import BearLabCore

/// The last titles of the history in the instruction prompt, the newest first.
public struct TemplateBackbone: Backbone {
  public static let summary = "the last titles of the history, the newest first"
  public static let parameters: [Parameter] =
    InstructionPrompt.parameters + [
      .integer("recent", default: 5, in: 1..., unit: "items", "how many of the history are told")
    ]
  private let template: InstructionPrompt
  private let recent: Int

  public init(_ values: ParameterValues) throws {
    template = try InstructionPrompt(values)
    recent = try values["recent"]
  }

  /// Writes the prompt, of text alone.
  ///
  /// A part may be a slot as well, which a vector is injected into; `makeInjector` then says which.
  ///
  /// - Throws: `HistoryError`.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws -> Prompt {
    try template.prompt(
      history: history.suffix(recent).reversed(), catalogue: catalogue, phrases: phrases,
      stage: stage
    ) { _, quotedTitle in [.text(quotedTitle)] }
  }

  public func answer(title: String) -> String { InstructionPrompt.quoted(title) }
}

/// Registers the backbone `template`.
public enum TemplateBackboneModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(backbone: "template", TemplateBackbone.self)
  }
}
