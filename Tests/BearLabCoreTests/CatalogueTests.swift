import BearLabCore
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
}
