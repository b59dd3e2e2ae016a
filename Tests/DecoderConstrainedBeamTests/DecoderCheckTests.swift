import BearLabCore
import BearLabTestSupport
import Testing

@testable import DecoderConstrainedBeam

/// Spoils the results of a right decoder.
private struct SpoiltDecoder: Decoder {
  static let summary = "a decoder that breaks its contract"
  var decoder: any Decoder
  var spoil: @Sendable ([ScoredTitle]) -> [ScoredTitle]

  init(_ decoder: any Decoder, _ spoil: @escaping @Sendable ([ScoredTitle]) -> [ScoredTitle]) {
    self.decoder = decoder
    self.spoil = spoil
  }

  init(_ values: ParameterValues) throws {
    self.init(try ConstrainedBeamDecoder([:]), { $0 })
  }

  func makeSearch(in trie: ItemTrie) -> any DecoderSearch {
    SpoiltSearch(search: decoder.makeSearch(in: trie), spoil: spoil)
  }
}

private struct SpoiltSearch: DecoderSearch {
  var search: any DecoderSearch
  let spoil: ([ScoredTitle]) -> [ScoredTitle]
  var results: [ScoredTitle] { spoil(search.results) }

  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node] {
    try search.advance(scores)
  }
}

private func problems(
  _ spoil: @escaping @Sendable ([ScoredTitle]) -> [ScoredTitle]
) throws -> String {
  try checkDecoder(catalogues: 5) {
    try SpoiltDecoder(ConstrainedBeamDecoder(["width": .integer($0)]), spoil)
  }.joined(separator: "\n")
}

@Test func theCheckerFindsBrokenResults() throws {
  #expect(try problems { $0 } == "")
  #expect(try problems { $0 + $0.prefix(1) }.contains("titles twice"))
  #expect(try problems { $0.reversed() }.contains("not best first"))
  #expect(try problems { Array($0.dropLast()) }.contains("brute force finds"))
  #expect(try problems { _ in [] }.contains("no results"))
  #expect(
    try problems { $0.map { ScoredTitle(title: $0.title + 90, score: $0.score) } }
      .contains("not in the catalogue"))
  #expect(
    try problems { $0.map { ScoredTitle(title: $0.title, score: $0.score - 0.01) } }
      .contains("brute force finds"))
}
