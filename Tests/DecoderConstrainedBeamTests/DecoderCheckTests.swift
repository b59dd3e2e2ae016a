import BearLabCore
import BearLabTestSupport
import Testing

@testable import DecoderConstrainedBeam

/// Spoils the results of a right decoder.
private struct SpoiltDecoder: TrieDecoder {
  static let summary = "a decoder that breaks its contract"
  var decoder: ConstrainedBeamDecoder
  var spoil: @Sendable ([ScoredTitle]) -> [ScoredTitle]

  init(
    _ decoder: ConstrainedBeamDecoder,
    _ spoil: @escaping @Sendable ([ScoredTitle]) -> [ScoredTitle]
  ) {
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

/// Says of no answer that it is a title, or of each, what it looks like.
private struct NamelessDecoder: Decoder {
  static let summary = "a decoder that leaves the catalogue"
  let tokens: [Int32]
  init(_ values: ParameterValues) throws { tokens = [] }
  init(tokens: [Int32]) { self.tokens = tokens }

  func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    (0..<prompts).map { _ in
      [RankedAnswer(tokens: tokens, score: -1), RankedAnswer(tokens: tokens, score: -2)]
    }
  }
}

private func problems(
  _ spoil: @escaping @Sendable ([ScoredTitle]) -> [ScoredTitle]
) throws -> String {
  try DecoderConformance.problems(catalogues: 5) {
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

@Test func theCheckerFindsBrokenAnswersThatAreNoTitles() throws {
  let problems = try DecoderConformance.problems(catalogues: 3, isExact: false) { _ in
    NamelessDecoder(tokens: [9])
  }.joined(separator: "\n")
  #expect(problems.contains("answers twice"))
  let titles = try DecoderConformance.problems(catalogues: 3, isExact: false) { _ in
    NamelessDecoder(tokens: [1])
  }.joined(separator: "\n")
  #expect(titles.contains("a title that is not told as one"))
}
