import BearLabCore
import BearLabTestSupport
import Testing

@Suite struct CatalogueTests {
  @Test func itemsThatShareATitleShareItsNumber() {
    let catalogue = Catalogue(itemTitles: ["Heat", "Alien", "Heat", "Brazil", "Alien", "Heat"])
    #expect(catalogue.titles == ["Heat", "Alien", "Brazil"])
    #expect(catalogue.itemCount == 6)
    #expect((1...6).map { catalogue.titleNumber(of: $0) } == [0, 1, 0, 2, 1, 0])
    #expect(catalogue.items(withTitle: 0) == [1, 3, 6])
    #expect(catalogue.items(withTitle: 1) == [2, 5])
    #expect(catalogue.items(withTitle: 2) == [4])
    #expect(catalogue.title(of: 5) == "Alien")
  }

  /// Equal as Strings, but another answer to a tokenizer.
  @Test func canonicallyEquivalentTitlesStayApart() {
    let composed = "Am\u{E9}lie"
    let decomposed = "Ame\u{301}lie"
    #expect(composed == decomposed)
    let catalogue = Catalogue(itemTitles: [composed, decomposed, composed])
    #expect(
      catalogue.titles.map { Array($0.utf8) } == [composed, decomposed].map { Array($0.utf8) })
    #expect(catalogue.items(withTitle: 0) == [1, 3])
    #expect(catalogue.items(withTitle: 1) == [2])
  }

  @Test func spacesAndCaseTellTitlesApart() {
    #expect(Catalogue(itemTitles: ["Heat", "heat", "Heat ", ""]).titles.count == 4)
  }

  @Test func idsBeginAtOne() {
    let catalogue = Catalogue(itemTitles: ["Heat", "Alien"])
    #expect([-1, 0, 1, 2, 3].map { catalogue.contains($0) } == [false, false, true, true, false])
    #expect(!Catalogue(itemTitles: []).contains(1))
  }

  private struct PlainBackbone: Backbone {
    static let summary = "nothing but the title"
    static let citation = "none"
    init(_ values: ParameterValues) throws {}
    func prompt(
      history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
    ) -> Prompt { Prompt([]) }
    func answer(title: String) -> String { title }
  }

  private func trie(_ titles: [String], _ encoder: some TextEncoder) throws -> ItemTrie {
    try ItemTrie(
      catalogue: Catalogue(itemTitles: titles), backbone: PlainBackbone([:]), encoder: encoder)
  }

  /// To this tokenizer all words that it does not know are one.
  @Test func titlesOfTheSameTokensAreNamed() throws {
    let encoder = WordEncoder(["The Stone"])
    let error = #expect(throws: CatalogueError.self) {
      try trie(["The Stone", "The Stone", "The \u{1B}A", "Stone", "The B"], encoder)
    }
    #expect(
      error?.description
        == #"the titles 'The \u{1B}A' (item 3) and 'The B' (item 5) have the same 2 tokens, [3, 2]"#
    )
    #expect(error?.remedy.isEmpty == false)
    #expect(try trie(["The Stone", "The Stone", "Stone"], encoder).titleCount == 2)
  }

  /// A file may name any token as EOS.
  @Test func aTitleThatContainsEOSIsNamed() {
    struct Odd: TextEncoder {
      let bosToken: Int32? = nil
      let eosToken: Int32 = 66
      func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }
      func decode(_ tokens: [Int32]) -> String { "" }
    }
    let error = #expect(throws: CatalogueError.self) { try trie(["AA", "AAB"], Odd()) }
    #expect(
      error?.description
        == "the title 'AAB' (item 2) contains EOS, token 66, as token 2 of its answer")
  }

  @Test func aTitleScoresAsItsBestItem() {
    let catalogue = Catalogue(itemTitles: ["b", "a", "b"])
    #expect(catalogue.titleScores(ofItems: [-3, -2, -1]) == [-1, -2])
  }

  @Test func excerptsFitALine() {
    #expect(excerpt(of: "Amélie 🐻") == "Amélie 🐻")
    #expect(excerpt(of: "a\nb\u{1B}[1m\u{202E}\0") == #"a\nb\u{1B}[1m\u{202E}\0"#)
    #expect(excerpt(of: "abc", limit: 3) == "abc" && excerpt(of: "abcd", limit: 3) == "abc…")
    #expect(excerpt(of: String(repeating: "e\u{301}", count: 9999)).unicodeScalars.count == 121)
  }
}
