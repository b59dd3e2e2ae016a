import BackboneBIGRec
import BearLabCore
import Testing

private let catalogue = Catalogue(itemTitles: ["One", "Two  &amp;", "A\nB", ""])
let bookPhrases = PromptPhrases(
  instruction: "Given a list of books the user has read before, please recommend a new book that "
    + "the user likes to the user.",
  historyPhrase: "The user has read the following books before: ")

private func expected(spaces: String, history: String) -> String {
  "Below is an instruction that describes a task, paired with an input that provides further "
    + "context. Write a response that appropriately completes the request.\(spaces)\n\n"
    + "### Instruction:\nGiven a list of books the user has read before, please recommend a new "
    + "book that the user likes to the user.\n\n### Input:\n"
    + "The user has read the following books before: \(history)\n \n\n### Response:\n"
}

@Test func thePromptIsThatOfTheSpecification() throws {
  let backbone = try BIGRecBackbone([:])
  for stage in [PromptStage.training, .inference] {
    let prompt = try backbone.prompt(
      history: [2, 3, 4, 1], catalogue: catalogue, phrases: bookPhrases, stage: stage)
    let text = expected(spaces: " ", history: "\"Two  &amp;\", \"A\nB\", \"\", \"One\"")
    #expect(prompt == Prompt([.text(text)]))
    // A String's equality would hide a difference of canonically equivalent characters.
    #expect(Array(prompt.text.utf8) == Array(text.utf8))
  }
}

@Test func spacesAfterThePreambleFollowTheStage() throws {
  let official = try BIGRecBackbone(["inference-preamble-spaces": .integer(2)])
  let other = try BIGRecBackbone(["preamble-spaces": .integer(2)])
  func text(_ backbone: BIGRecBackbone, _ stage: PromptStage) throws -> String {
    try backbone.prompt(history: [1], catalogue: catalogue, phrases: bookPhrases, stage: stage).text
  }
  let one = expected(spaces: " ", history: "\"One\"")
  let two = expected(spaces: "  ", history: "\"One\"")
  #expect(try text(official, .training) == one)
  #expect(try text(official, .inference) == two)
  #expect(try text(other, .training) == two)
  #expect(try text(other, .inference) == one)
  #expect(throws: ParameterError.self) { try BIGRecBackbone(["preamble-spaces": .integer(3)]) }
}

@Test func answersAreQuotedTitles() throws {
  let backbone = try BIGRecBackbone([:])
  #expect(backbone.answer(title: "Two  &amp;") == "\"Two  &amp;\"")
  #expect(backbone.answer(title: "") == "\"\"")
  #expect(backbone.needs == BackboneNeeds())
}

@Test(arguments: [0, 5])
func unknownItemsAreRefused(item: Int) throws {
  let backbone = try BIGRecBackbone([:])
  #expect(throws: HistoryError.unknownItem(item, itemCount: 4)) {
    try backbone.prompt(
      history: [1, item], catalogue: catalogue, phrases: bookPhrases, stage: .inference)
  }
}

@Test func anEmptyHistoryIsRefused() throws {
  let backbone = try BIGRecBackbone([:])
  #expect(throws: HistoryError.empty) {
    try backbone.prompt(
      history: [], catalogue: catalogue, phrases: bookPhrases, stage: .inference)
  }
}

@Test func theBackboneIsRegistered() throws {
  let registry = PluginRegistry()
  try registry.add(BIGRecModule.self)
  #expect(try registry.backbones.find("bigrec") == BIGRecBackbone.self)
}
