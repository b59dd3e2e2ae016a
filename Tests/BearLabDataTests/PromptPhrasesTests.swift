import BearLabCore
import Testing

@testable import BearLabData

@Test(arguments: [
  ("Toy", "toys", "toy", "played"), ("book", "books", "book", "read"),
  ("Amazon-CLOTHING-5", "clothing", "clothing", "worn"),
  ("Office", "office products", "office product", "used"),
  ("Beauty", "beauty products", "beauty product", "used"),
  ("Electronics", "electronic products", "electronic product", "used"),
  ("Video_Games", "video games", "video game", "played"),
  ("Music", "music", "music", "listened to"), ("Movie", "movies", "movie", "watched"),
  ("ml-100k", "movies", "movie", "watched"),
  // Toy is tried before Book, and Book before Office.
  ("office-books-toys", "toys", "toy", "played"), ("OfficeBook", "books", "book", "read"),
])
func phrasesFollowTheName(name: String, several: String, one: String, verb: String) throws {
  let phrases = try #require(PromptPhrases.named(name))
  #expect(
    phrases.instruction
      == "Given a list of \(several) the user has \(verb) before, please recommend a new \(one) "
      + "that the user likes to the user.")
  #expect(phrases.historyPhrase == "The user has \(verb) the following \(several) before: ")
}

private func load(_ name: String, yaml: String? = nil) throws -> Dataset {
  let files = officialFiles(yaml.map { ["dataset.yaml": $0] } ?? [:])
  return try withFolder(name, files) { try OfficialSource([:]).load(folder: $0) }
}

@Test func anUnknownNameGetsItemsAndANotice() throws {
  let dataset = try load("Recipes")
  #expect(dataset.name == "Recipes")
  #expect(
    dataset.phrases.instruction
      == "Given a list of items the user has used before, please recommend a new item that the "
      + "user likes to the user.")
  #expect(dataset.phrases.historyPhrase == "The user has used the following items before: ")
  #expect(dataset.notices.contains { $0.contains("'Recipes'") })
}

@Test func ownPhrasesWinOverTheName() throws {
  let yaml = "instruction: Recommend a dish.\nhistory-phrase: 'Dishes so far: '\n"
  let dataset = try load("Book", yaml: yaml)
  #expect(
    dataset.phrases
      == PromptPhrases(instruction: "Recommend a dish.", historyPhrase: "Dishes so far: "))
  #expect(try load("Recipes", yaml: yaml).notices.count == 1)
}

@Test func oneOwnPhraseLeavesTheOther() throws {
  let dataset = try load("Book", yaml: "history-phrase: \"Read so far:\"\n")
  #expect(dataset.phrases.historyPhrase == "Read so far: ")
  #expect(dataset.phrases.instruction == PromptPhrases.named("book")?.instruction)
}

@Test(arguments: [
  "- a list\n", "phrase: x\n", "instruction: [1]\n", "instruction: ''\n", "a: b: c\n",
])
func brokenPhraseFilesAreRefused(yaml: String) {
  #expect(throws: DataError.self) { try load("Book", yaml: yaml) }
}
