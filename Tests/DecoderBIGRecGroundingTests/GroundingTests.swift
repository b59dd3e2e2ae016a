import BearLabCore
import BearLabTestSupport
import Testing

@testable import DecoderBIGRecGrounding

@Test(arguments: ["none", "popularity", "collaborative"])
func groundingKeepsTheContract(adjustment: String) throws {
  let problems = try DecoderConformance.problems(isExact: false) {
    try BIGRecGroundingDecoder([
      "list": .integer($0), "max-tokens": .integer(6), "adjustment": .text(adjustment),
    ])
  }
  #expect(problems == [])
}

/// Titles 1, 1 2, 2 1 and 2 2 over the letters 1 and 2, at places on a line.
@Suite struct GroundingTests {
  private let trie: ItemTrie
  private let context: DecoderContext
  /// 1 2 and 2 1 are equally far from 0.
  private static let places: [[Int32]: Float] = [[1]: 4, [1, 2]: -1, [2, 1]: 1, [2, 2]: 2]

  init() throws {
    trie = try ItemTrie(paths: [[1, 0], [1, 2, 0], [2, 1, 0], [2, 2, 0]])
    let encoder = LetterEncoder()
    context = DecoderContext(
      catalogue: Catalogue(
        itemTitles: (0..<4).map { [trie] in encoder.decode(trie.tokens(of: $0).dropLast()) }),
      targetCounts: [9, 1, 3, 5], encoder: encoder)
  }

  /// Writes one text, and places texts that are no titles at 0.
  private func scorer(writing text: [Int32]) -> TableScorer {
    var scorer = TableScorer(trie: trie, constraint: .after) { _, prefix in
      let next = prefix.count < text.count ? Int(text[prefix.count]) : 0
      return (0..<60).map { $0 == next ? 9 : 0 }
    }
    scorer.embedding = { [$0.isEmpty ? .nan : Self.places[$0] ?? 0] }
    return scorer
  }

  private func search(
    _ scorer: inout TableScorer, _ values: [String: ParameterValue] = [:]
  ) throws -> [RankedAnswer] {
    var decoder = try BIGRecGroundingDecoder(values)
    try decoder.prepare(context, scorer: &scorer)
    return try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
  }

  private func answers(_ titles: [(Int, Float)]) -> [RankedAnswer] {
    titles.map { RankedAnswer(ScoredTitle(title: $0.0, score: $0.1)) }
  }

  @Test(arguments: 0..<4)
  func aTextThatIsATitleIsThatTitle(title: Int) throws {
    var scorer = scorer(writing: trie.tokens(of: title).dropLast())
    let first = try #require(try search(&scorer).first)
    #expect(first == RankedAnswer(ScoredTitle(title: title, score: 0)))
    // The titles, and nothing besides: the text has the title's place.
    #expect(scorer.embedded.count == 4)
  }

  @Test func titlesAreRankedByDistanceAndTiesByItem() throws {
    var scorer = scorer(writing: [7])
    #expect(try search(&scorer) == answers([(1, -1), (2, -1), (3, -2), (0, -4)]))
    #expect(scorer.embedded.last == [7])
    #expect(try search(&scorer, ["list": .integer(2)]) == answers([(1, -1), (2, -1)]))
  }

  /// D' is 1, 0, 0, 1/3; the counts 9, 1, 3, 5 scaled are 1, 0, 1/4, 1/2.
  @Test func popularTitlesComeNearer() throws {
    var scorer = scorer(writing: [7])
    let values: [String: ParameterValue] = ["adjustment": .text("popularity"), "gamma": .real(2)]
    let found = try search(&scorer, values)
    #expect(found.map(\.title) == [1, 2, 3, 0])
    // 1/3 · (3/2)^−2 = 4/27, and 1 · 2^−2.
    #expect(largestGap(found.map(\.score), [0, 0, -4.0 / 27, -0.25]) < 1e-7)
    // (3/2)^−γ / 3 and 2^−γ change places at γ = log 3 / log 4/3 = 3.82.
    let far = try search(&scorer, ["adjustment": .text("popularity"), "gamma": .real(4)])
    #expect(far.map(\.title) == [1, 2, 0, 3])
  }

  @Test func titlesThatTheRecommenderLikesComeNearer() throws {
    var scorer = scorer(writing: [7])
    scorer.recommender = { _ in [-3, 5, 5, 1] }
    let found = try search(&scorer, ["adjustment": .text("collaborative"), "gamma": .real(1)])
    // The scores scaled are 0, 1, 1, 1/2: D″ is 1, 0, 0, (1/3)(2/3).
    #expect(found.map(\.title) == [1, 2, 3, 0])
    #expect(largestGap(found.map(\.score), [0, 0, -2.0 / 9, -1]) < 1e-7)
  }

  @Test(arguments: ["popularity", "collaborative"])
  func gammaZeroLeavesTheRanking(adjustment: String) throws {
    var scorer = scorer(writing: [7, 8])
    scorer.embedding = { [Float($0.reduce(3) { $0 * 37 % 101 + Int($1) })] }
    scorer.recommender = { _ in [3, 1, 4, 2] }
    let plain = try search(&scorer)
    let adjusted = try search(&scorer, ["adjustment": .text(adjustment), "gamma": .real(0)])
    #expect(adjusted.map(\.title) == plain.map(\.title))
    #expect(Set(plain.map(\.score)).count == 4)
  }

  @Test func whatIsEverywhereTheSameMovesNothing() throws {
    #expect(Grounding.scaled([2, 2, 2]) == [0, 0, 0])
    #expect(Grounding.scaled([]) == [])
    #expect(Grounding.adjusted([1, 3], by: [7, 7], gamma: 5) == [0, 1])
    var scorer = scorer(writing: [7])
    scorer.embedding = { _ in [6] }
    let found = try search(&scorer, ["adjustment": .text("popularity"), "gamma": .real(3)])
    #expect(found == answers([(0, 0), (1, 0), (2, 0), (3, 0)]))
  }

  @Test func onlyTheFirstTextCounts() throws {
    // 1 ends with more probability than 2 goes on.
    var scorer = TableScorer(trie: trie, constraint: .after) { _, prefix in
      prefix.isEmpty ? [-9, 2, 1] : [3, 0, 0]
    }
    scorer.embedding = { [Self.places[$0] ?? 0] }
    #expect(try search(&scorer)[0].title == 0)
  }

  @Test func whatTheLimitCutsIsGrounded() throws {
    var scorer = scorer(writing: [7, 7, 7, 7, 7, 7])
    _ = try search(&scorer, ["max-tokens": .integer(4)])
    #expect(scorer.embedded.last == [7, 7, 7, 7])
    _ = try search(&scorer, ["max-tokens": .integer(0)])
    #expect(scorer.embedded.last == [7, 7, 7])
  }

  @Test func mistakesAreExplained() throws {
    #expect(throws: BIGRecGroundingError.gammaWithoutAdjustment(3)) {
      try BIGRecGroundingDecoder(["gamma": .real(3)])
    }
    var scorer = scorer(writing: [7])
    #expect(throws: BIGRecGroundingError.notPrepared) {
      try BIGRecGroundingDecoder([:]).search(prompts: 1, in: trie, scorer: &scorer)
    }
    #expect(throws: BIGRecGroundingError.noRecommender) {
      try search(&scorer, ["adjustment": .text("collaborative")])
    }
    scorer.embedding = { [$0 == [7] ? .nan : 1] }
    #expect(throws: ScoringError.notANumber(prompt: 0, path: [7, 0])) { try search(&scorer) }
  }
}

/// Words between quotes: `"` is a letter of its own here.
private struct QuotingEncoder: TextEncoder {
  let bosToken: Int32?
  let eosToken: Int32 = 0
  func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }
  func decode(_ tokens: [Int32]) -> String {
    String(decoding: tokens.map { UInt8($0) }, as: UTF8.self)
  }
}

@Test(arguments: [nil, 9] as [Int32?])
func quotesAreStrippedAndBOSComesFirst(bosToken: Int32?) throws {
  let encoder = QuotingEncoder(bosToken: bosToken)
  let titles = ["ab", "", "\"c\" d"]
  let trie = try ItemTrie(paths: titles.map { encoder.answerTokens("\"\($0)\"") })
  let context = DecoderContext(
    catalogue: Catalogue(itemTitles: titles), targetCounts: [0, 0, 0], encoder: encoder)
  let start = bosToken.map { [$0] } ?? []
  for (written, title) in [("\"ab\"", 0), ("\"\"ab", 0), ("\"", 1), ("", 1), ("c\" d\"\"", 2)] {
    var scorer = TableScorer(trie: trie, constraint: .after) { _, prefix in
      let text = encoder.answerTokens(written)
      let next = prefix.count < text.count ? text[prefix.count] : 0
      return (0..<256).map { $0 == next ? 9 : 0 }
    }
    scorer.embedding = { [Float($0.count)] }
    var decoder = try BIGRecGroundingDecoder([:])
    try decoder.prepare(context, scorer: &scorer)
    let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
    #expect(found.first == RankedAnswer(ScoredTitle(title: title, score: 0)), "\(written)")
    // An empty text of a model without BOS is EOS.
    #expect(
      scorer.embedded == [
        start + encoder.encode("ab"), bosToken == nil ? [0] : start,
        start + encoder.encode("c\" d"),
      ])
  }
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(BIGRecGroundingModule.self)
  #expect(registry.decoders.names == ["bigrec-grounding"])
  let collaborative = try BIGRecGroundingDecoder(["adjustment": .text("collaborative")])
  #expect(collaborative.needsRecommender)
  #expect(try !BIGRecGroundingDecoder([:]).needsRecommender)
  #expect(try BIGRecGroundingDecoder([:]).constraint == .after)
}
