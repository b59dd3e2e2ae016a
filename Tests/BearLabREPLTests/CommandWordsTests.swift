import BearLabREPL
import Foundation
import Testing

@Suite struct CommandWordsTests {
  @Test(arguments: [
    ("", []), ("   ", []), ("run", ["run"]), ("  a  b\tc ", ["a", "b", "c"]),
    ("say \"two words\" 'and three more'", ["say", "two words", "and three more"]),
    ("pre\"quoted part\"post", ["prequoted part" + "post"]), ("one\\ word", ["one word"]),
    ("\"a \\\" b\"", ["a \" b"]), ("'a \\ b'", ["a \\ b"]), ("run # comment", ["run"]),
    ("# all", []), ("a#b", ["a#b"]), ("\"\"", [""]), ("naïve café", ["naïve", "café"]),
  ])
  func splitsAsAShellDoes(line: String, words: [String]) throws {
    #expect(try CommandWords.split(line) == words)
  }

  @Test(arguments: [
    ("~/x", "HOME/x"), ("~/\"a b\"", "HOME/a b"), ("\"~/x\"", "~/x"), ("'~/x'", "~/x"),
    ("\\~/x", "~/x"), ("a~/x", "a~/x"), ("~x", "~x"), ("--output=~/x", "--output=~/x"),
  ])
  func aTildeIsTheHomeFolderAsInAShell(word: String, expected: String) throws {
    let home = try #require(ProcessInfo.processInfo.environment["HOME"])
    let words = try CommandWords.split("save \(word)")
    #expect(words == ["save", expected.replacing("HOME", with: home)])
  }

  @Test func anOpenQuoteIsRefused() {
    #expect(throws: REPLError.openQuote("a \"b")) { try CommandWords.split("a \"b") }
  }

  @Test(arguments: [
    "plain", "two words", "", "quo\"te", "back\\slash", "it's", "#first", "Film, The (1999)",
    "~/literal",
  ])
  func aQuotedWordIsOneWord(text: String) throws {
    #expect(try CommandWords.split(CommandWords.quoted(text)) == [text])
    #expect(try CommandWords.split("x \(CommandWords.quoted(text)) y") == ["x", text, "y"])
  }

  @Test func knowsWhereTheUnfinishedWordBegins() throws {
    let line = "recommend \"Toy Story\" \"Four R"
    let words = CommandWords(line)
    #expect(words.openQuote == "\"" && words.endsInWord)
    #expect(words.texts == ["recommend", "Toy Story", "Four R"])
    let start = try #require(words.words.last?.start)
    #expect(line[start...] == "\"Four R")
    #expect(!CommandWords("run ").endsInWord)
  }
}
