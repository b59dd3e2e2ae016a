import BearLabCore
import BearLabText
import Testing

struct WordPieceEncoderTests {
  private static let vocabulary = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "toy", "story", "##s", "##tory", "st", "(", ")",
    "e", "##a", "a", "##b", "b", "千", "と", "c", "+", "-", "σ", "i", "E", "é", "##le", "##x", "x",
  ]

  private func tokens(
    _ text: String, limit: Int = .max,
    _ change: (inout WordPieceEncoder.Settings) -> Void = { _ in }
  ) throws -> [String] {
    var settings = WordPieceEncoder.Settings()
    change(&settings)
    let encoder = try WordPieceEncoder(vocabulary: Self.vocabulary, settings: settings)
    return encoder.encode(text, limit: limit).map { Self.vocabulary[Int($0)] }
  }

  /// The pieces between `[CLS]` and `[SEP]`.
  private func pieces(_ text: String) throws -> [String] {
    let tokens = try tokens(text)
    #expect(tokens.first == "[CLS]" && tokens.last == "[SEP]")
    return tokens.dropFirst().dropLast().map(\.self)
  }

  @Test func takesTheLongestPieces() throws {
    #expect(try pieces("Toys story (stories)") == ["toy", "##s", "story", "(", "[UNK]", ")"])
    #expect(try pieces("storys sttory") == ["story", "##s", "st", "##tory"])
    // What continues a word does not begin one, and the other way round.
    #expect(try pieces("tory toytoy") == ["[UNK]", "[UNK]"])
    #expect(try pieces("").isEmpty && pieces(" \n ").isEmpty)
  }

  @Test func cleansCharacters() throws {
    #expect(try pieces("É\u{301}E\u{301}") == ["[UNK]"])
    #expect(try pieces("e\u{301}a É") == ["e", "##a", "e"])
    #expect(try pieces("a\u{0}b\u{200B}b\u{FFFD}") == ["a", "##b", "##b"])
    #expect(try pieces("a\tb\r\nb\u{A0}b") == ["a", "b", "b", "b"])
    #expect(try pieces("a千b") == ["a", "千", "b"])
    #expect(try pieces("千と") == ["千", "と"])
    // Kana are no ideographs, so that words of them stay together.
    #expect(try pieces("とと") == ["[UNK]"])
    #expect(try pieces("c++-a") == ["c", "+", "+", "-", "a"])
    // The last sigma of a word is lower-cased without a look at what is before it.
    #expect(try pieces("Σ İ") == ["σ", "i"])
  }

  @Test func wordsOfAHundredCharactersAreTheLongest() throws {
    #expect(try pieces(String(repeating: "x", count: 100)).count == 100)
    #expect(try pieces(String(repeating: "x", count: 101)) == ["[UNK]"])
    // Characters are counted after accents have gone.
    #expect(try pieces(String(repeating: "x\u{301}", count: 100)).count == 100)
  }

  @Test func longTextsAreCut() throws {
    #expect(try tokens("toys story", limit: 5) == ["[CLS]", "toy", "##s", "story", "[SEP]"])
    #expect(try tokens("toys story", limit: 4) == ["[CLS]", "toy", "##s", "[SEP]"])
    #expect(try tokens("toys story", limit: 3) == ["[CLS]", "toy", "[SEP]"])
    #expect(try tokens("toys [MASK] story", limit: 2) == ["[CLS]", "[SEP]"])
  }

  @Test func specialTokensStandForThemselves() throws {
    #expect(try pieces("a[MASK]b [SEP]") == ["a", "[MASK]", "b", "[SEP]"])
    #expect(try pieces("[mask]").first == "[UNK]")
  }

  @Test func settingsAreObeyed() throws {
    #expect(
      try tokens("É toy") { $0.lowercases = false }
        == ["[CLS]", "é", "toy", "[SEP]"].map {
          $0 == "é" ? "[UNK]" : $0
        })
    #expect(try tokens("E") { $0.lowercases = false } == ["[CLS]", "E", "[SEP]"])
    #expect(try tokens("É") { $0.stripsAccents = false } == ["[CLS]", "é", "[SEP]"])
    let both = try tokens("É") {
      $0.lowercases = false
      $0.stripsAccents = true
    }
    #expect(both == ["[CLS]", "E", "[SEP]"])
    #expect(try tokens("千と") { $0.separatesIdeographs = false } == ["[CLS]", "[UNK]", "[SEP]"])
    #expect(try tokens("a") { $0.separator = "b" } == ["[CLS]", "a", "b"])
  }

  @Test func brokenVocabulariesAreRefused() throws {
    func error(_ vocabulary: [String]) throws -> TokenizerError {
      try #require(throws: TokenizerError.self) { try WordPieceEncoder(vocabulary: vocabulary) }
    }
    #expect(try error(["a", "[UNK]", "[SEP]"]) == .missingSpecial("[CLS]"))
    #expect(try error(["[UNK]", "a", "a"]) == .duplicateToken("a", first: 1, second: 2))
    #expect(try error(["[UNK]", ""]) == .emptyToken(1))
    #expect(try error([]).remedy.hasPrefix("use the vocabulary that belongs to"))
  }
}
