public import BearLabCore
internal import Foundation

/// Checks backbones against the contracts of `Backbone` and `Injector`, on a small catalogue.
///
/// ```swift
/// @Test func conforms() throws {
///   try BackboneConformance.check(MyBackbone.self)
/// }
/// ```
///
/// A prompt is a pure function of its history, the same in training and at inference, and depends on
/// the history; its text survives encoding, and it has as many nodes with injected vectors as slots; a
/// slot stands for an item of the history, and none in a prompt that has to do without learned
/// vectors; titles have answers of their own; a history that cannot be written is refused. Injected
/// vectors have the model's width, do not depend on each other, and have the gradients of their value.
public enum BackboneConformance {
  static let catalogue = Catalogue(itemTitles: [
    "Heat", "Alien (1979)", "\"Quoted\"", "Amélie", "Se7en, again", "heat", "Heat ", "Up",
  ])
  static let phrases = PromptPhrases(
    instruction: "Recommend what comes next.", historyPhrase: "Seen so far: ")
  private static let histories = [[1], [2], [3, 4], [4, 3], [8, 7, 6, 5, 4, 3, 2, 1]]

  /// Checks a type: what it declares, and a backbone with some parameters.
  ///
  /// - Parameters:
  ///   - type: the backbone under test.
  ///   - parameters: those that differ from the defaults.
  ///   - checksInjector: whether what fills its slots is made and checked, from a recommender with
  ///     random embeddings and a sentence encoder with random vectors where it asks for them.
  /// - Throws: ``ConformanceError``, and what the backbone throws.
  public static func check(
    _ type: any Backbone.Type, _ parameters: [String: ParameterValue] = [:],
    checksInjector: Bool = true
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    let backbone = try type.init(parameters)
    var problems = try histories.flatMap { try Self.problems(of: backbone, history: $0) }
    problems += try between(backbone) + answers(backbone) + withoutHistory(backbone)
    for history in [[catalogue.itemCount + 1], [0]]
    where (try? prompt(backbone, history, .training)) != nil {
      problems.append("a history of item \(history[0]), which the catalogue lacks, is not refused")
    }
    if checksInjector { problems += try InjectorConformance.problems(of: backbone) }
    try ConformanceError.require(problems, of: type, as: "Backbone")
  }

  static func prompt(
    _ backbone: any Backbone, _ history: [Int], _ stage: PromptStage
  ) throws -> Prompt {
    try backbone.prompt(history: history, catalogue: catalogue, phrases: phrases, stage: stage)
  }

  /// The slots of all prompts, each once.
  static func slots(_ backbone: any Backbone) throws -> [Prompt.Slot] {
    let all = try histories.flatMap { try prompt(backbone, $0, .training).slots }
    var known: Set<Prompt.Slot> = []
    return all.filter { known.insert($0).inserted }
  }

  /// What is wrong with the prompts behind one history.
  private static func problems(
    of backbone: any Backbone, history: [Int]
  ) throws -> [String] {
    let training = try prompt(backbone, history, .training)
    let inference = try prompt(backbone, history, .inference)
    let bare = try prompt(backbone, history, .training.textOnly)
    var problems: [String] = []
    if try prompt(backbone, history, .training) != training {
      problems.append("the same history has another prompt the second time")
    }
    if training != inference {
      problems.append(
        "the prompts of training and inference differ: "
          + difference(of: training.text, from: inference.text))
    }
    for slot in training.slots + inference.slots where !isOf(slot, history) {
      problems.append("slot \(slot) stands for nothing of the history")
    }
    for slot in bare.slots where slot != .placeholder {
      problems.append("the prompt without learned vectors has slot \(slot)")
    }
    return (problems + roundTrip(training)).map { "history \(history): \($0)" }
  }

  private static func isOf(_ slot: Prompt.Slot, _ history: [Int]) -> Bool {
    switch slot {
    case .placeholder: true
    case .item(let item): history.contains(item)
    case .user(let own): own == history
    }
  }

  /// Whether a prompt in tokens has all of its text and all of its slots.
  private static func roundTrip(_ prompt: Prompt) -> [String] {
    let encoder = ByteEncoder()
    let encoded = encoder.encode(prompt)
    let injected = encoded.elements.filter { $0.slot != nil }.count
    var problems: [String] = []
    if injected != prompt.slots.count {
      problems.append("\(prompt.slots.count) slots are \(injected) nodes with injected vectors")
    }
    let tokens = encoded.elements.filter { $0.slot == nil }.map(\.token)
      .filter { $0 != encoder.bosToken }
    let text = prompt.text.replacing("[slot]", with: "")
    if encoder.decode(tokens) != text {
      problems.append(
        "its text does not survive encoding: \(difference(of: encoder.decode(tokens), from: text))")
    }
    return problems
  }

  /// Whether different histories have different prompts.
  private static func between(_ backbone: any Backbone) throws -> [String] {
    let one = try prompt(backbone, [1], .training)
    return try prompt(backbone, [2], .training) == one
      ? ["the histories [1] and [2] have one prompt: '\(excerpt(of: one.text))'"] : []
  }

  private static func answers(_ backbone: any Backbone) -> [String] {
    var titles: [String: String] = [:]
    return catalogue.titles.compactMap { title in
      let answer = backbone.answer(title: title)
      guard let other = titles.updateValue(title, forKey: answer) else {
        return answer.isEmpty ? "the answer of title '\(title)' is empty" : nil
      }
      return "the titles '\(other)' and '\(title)' have one answer, '\(answer)'"
    }
  }

  private static func withoutHistory(_ backbone: any Backbone) -> [String] {
    let prompt = backbone.promptWithoutHistory(phrases: phrases, stage: .training)
    var problems: [String] = []
    if !prompt.slots.isEmpty { problems.append("the prompt without a history has slots") }
    if backbone.promptWithoutHistory(phrases: phrases, stage: .inference) != prompt {
      problems.append("the prompts without a history of training and inference differ")
    }
    return problems
  }

  /// The place where two texts part.
  private static func difference(of text: String, from other: String) -> String {
    let same = text.commonPrefix(with: other)
    func rest(_ text: String) -> String {
      excerpt(of: String(text.dropFirst(same.count).prefix(20)))
    }
    return
      "behind '\(excerpt(of: String(same.suffix(20))))' comes '\(rest(text))', not '\(rest(other))'"
  }
}

/// A token a byte; 0 is EOS, 257 is BOS.
private struct ByteEncoder: TextEncoder {
  let bosToken: Int32? = 257
  let eosToken: Int32 = 0

  func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) + 1 } }

  func decode(_ tokens: [Int32]) -> String {
    String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0 - 1) }, as: UTF8.self)
  }
}
