/// The prompt of the BEAR code: an instruction, the titles of the history in quotes, and the answer.
///
///     {preamble}·␤
///     ␤
///     ### Instruction:␤
///     {instruction}␤
///     ␤
///     ### Input:␤
///     {history phrase}{entry_1}, {entry_2}, …, {entry_m}␤
///     ·␤
///     ␤
///     ### Response:␤
///     "{y}"
///
/// `␤` is a line feed, `·` a space; an entry is `"{title}"`, or what a backbone puts there. Trained
/// adapters and token counts are comparable only where every byte is the same.
///
/// - Source: section 2.1 of the method specification; SAI990323/BIGRec, `train.py` and
///   `inference.py`.
public struct InstructionPrompt: Sendable {
  /// What a backbone that writes this prompt declares.
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

  private static let historyFreePreamble =
    "Below is an instruction that describes a task. "
    + "Write a response that appropriately completes the request."

  private let trainingSpaces: Int
  private let inferenceSpaces: Int

  /// Reads ``parameters``.
  public init(_ values: ParameterValues) throws {
    trainingSpaces = try values["preamble-spaces"]
    inferenceSpaces = try values["inference-preamble-spaces"]
  }

  /// The title in straight quotes, raw.
  public static func quoted(_ title: String) -> String { "\"\(title)\"" }

  /// The prompt without the block of the input, and with the preamble that goes with that.
  ///
  /// The official code has two spaces behind this preamble; here it has one, as the prompt with a
  /// history in training.
  public static func withoutHistory(phrases: PromptPhrases) -> Prompt {
    Prompt([
      .text(
        historyFreePreamble + " \n\n### Instruction:\n" + phrases.instruction
          + "\n\n### Response:\n")
    ])
  }

  /// Writes the prompt.
  ///
  /// - Parameters:
  ///   - history: item ids, oldest first.
  ///   - catalogue: the titles of the items.
  ///   - phrases: the words in which the data set's prompts speak of items.
  ///   - stage: training or inference.
  ///   - leading: slots in front of BOS.
  ///   - entry: what stands for an item, given its id and its title in quotes.
  /// - Returns: the prompt.
  /// - Throws: ``HistoryError``.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage,
    leading: [Prompt.Slot] = [], entry: (_ item: Int, _ quotedTitle: String) -> [Prompt.Part]
  ) throws(HistoryError) -> Prompt {
    guard !history.isEmpty else { throw .empty }
    for item in history where !catalogue.contains(item) {
      throw .unknownItem(item, itemCount: catalogue.itemCount)
    }
    let spaces = stage.isTraining ? trainingSpaces : inferenceSpaces
    var parts: [Prompt.Part] = [
      .text(
        Self.preamble + String(repeating: " ", count: spaces)
          + "\n\n### Instruction:\n" + phrases.instruction
          + "\n\n### Input:\n" + phrases.historyPhrase)
    ]
    for (place, item) in history.enumerated() {
      if place > 0 { parts.append(.text(", ")) }
      parts += entry(item, Self.quoted(catalogue.title(of: item)))
    }
    parts.append(.text("\n \n\n### Response:\n"))
    return Prompt(parts, leading: leading)
  }
}

/// What can be wrong with a history given to a backbone.
public enum HistoryError: BearLabError, Equatable {
  case empty
  case unknownItem(Int, itemCount: Int)

  public var description: String {
    switch self {
    case .empty: "the history has no item"
    case .unknownItem(let item, _): "the history has item \(item), which the catalogue lacks"
    }
  }

  public var remedy: String {
    switch self {
    case .empty: "give at least one item, oldest first"
    case .unknownItem(_, let itemCount): "give item ids from 1 to \(itemCount)"
    }
  }
}
