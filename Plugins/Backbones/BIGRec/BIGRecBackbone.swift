public import BearLabCore

/// The prompt of BIGRec: an instruction, the titles of the history in quotes, and the answer.
///
///     {preamble}·␤
///     ␤
///     ### Instruction:␤
///     {instruction}␤
///     ␤
///     ### Input:␤
///     {history phrase}"{h_1}", "{h_2}", …, "{h_m}"␤
///     ·␤
///     ␤
///     ### Response:␤
///     "{y}"
///
/// `␤` is a line feed, `·` a space. Trained adapters and token counts are comparable only where
/// every byte is the same.
///
/// - Source: K. Bao et al., "A Bi-Step Grounding Paradigm for Large Language Models in
///   Recommendation Systems", 2023; SAI990323/BIGRec, `train.py` and `inference.py`.
public struct BIGRecBackbone: Backbone {
  public static let summary = "the history as quoted titles, nothing trained besides LoRA"
  public static let citation =
    "K. Bao et al., \"A Bi-Step Grounding Paradigm for Large Language Models in "
    + "Recommendation Systems\", 2023; SAI990323/BIGRec"
  public static let parameters: [Parameter] = [
    .integer(
      "preamble-spaces", default: 1, in: 1...2, unit: "spaces", "after the preamble, in training"),
    .integer(
      "inference-preamble-spaces", default: 1, in: 1...2, unit: "spaces",
      "after the preamble, at inference; the official code has 2"),
  ]

  private static let preamble =
    "Below is an instruction that describes a task, paired with an input that provides further "
    + "context. Write a response that appropriately completes the request."

  private let trainingSpaces: Int
  private let inferenceSpaces: Int

  public init(_ values: ParameterValues) throws {
    trainingSpaces = try values["preamble-spaces"]
    inferenceSpaces = try values["inference-preamble-spaces"]
  }

  /// Writes the prompt, one part of text.
  ///
  /// - Throws: ``BIGRecError/unknownItem(_:itemCount:)``.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws(BIGRecError) -> Prompt {
    for item in history where !catalogue.contains(item) {
      throw .unknownItem(item, itemCount: catalogue.itemCount)
    }
    let titles = history.map { answer(title: catalogue.title(of: $0)) }.joined(separator: ", ")
    let spaces =
      switch stage {
      case .training: trainingSpaces
      case .inference: inferenceSpaces
      }
    return Prompt([
      .text(
        Self.preamble + String(repeating: " ", count: spaces)
          + "\n\n### Instruction:\n" + phrases.instruction
          + "\n\n### Input:\n" + phrases.historyPhrase + titles
          + "\n \n\n### Response:\n")
    ])
  }

  /// The title in straight quotes, raw.
  public func answer(title: String) -> String { "\"\(title)\"" }
}

/// What can be wrong with a history given to ``BIGRecBackbone``.
public enum BIGRecError: BearLabError, Equatable {
  case unknownItem(Int, itemCount: Int)

  public var description: String {
    switch self {
    case .unknownItem(let item, _): "the history has item \(item), which the catalogue lacks"
    }
  }

  public var remedy: String {
    switch self {
    case .unknownItem(_, let itemCount): "give item ids from 1 to \(itemCount)"
    }
  }
}

/// Registers the backbone `bigrec`.
public enum BIGRecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(backbone: "bigrec", BIGRecBackbone.self)
  }
}
