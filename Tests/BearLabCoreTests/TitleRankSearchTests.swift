import BearLabTestSupport
import Testing

@testable import BearLabCore

@Suite struct TitleRankSearchTests {
  @Test(arguments: ConstraintMode.allCases, 0..<12)
  func theRankIsThatOfBruteForce(constraint: ConstraintMode, seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(
        count: Int.random(in: 1...200, using: &random), vocabulary: 9, longest: 7,
        using: &random))
    var scorer = TableScorer(trie: trie, constraint: constraint, vocabulary: 10, seed: seed)
    let ranking = scorer.bruteForce().map(\.title)
    let free = scorer.forcedTokensAreFree
    for title in (0..<trie.titleCount).shuffled(using: &random).prefix(20) {
      let rank = (ranking.firstIndex(of: title) ?? -1) + 1
      for (limit, batch) in [(Int.max, 1), (.max, 16), (10, 4)] {
        var searches = [
          TitleRankSearch(
            of: title, in: trie, limit: limit, batch: batch, forcedTokensAreFree: free)
        ]
        try scorer.run(&searches, in: trie)
        let search = searches[0]
        if rank <= limit {
          #expect(search.rank == rank && search.isExact)
        } else {
          #expect(search.rank > limit && search.rank <= rank)
        }
        let score = scorer.bruteForce().first { $0.title == title }?.score ?? 0
        #expect(abs(Float(search.total) - score) < 1e-4)
      }
    }
  }

  /// i4 after the soft-max: second of all items, though its second token is the second of two.
  @Test func theStepsSayWhatCompetes() throws {
    let trie = try ItemTrie(paths: WorkedExample.paths)
    var scorer = try WorkedExample.scorer(.after)
    var searches = [TitleRankSearch(of: 3, in: trie, forcedTokensAreFree: false)]
    try scorer.run(&searches, in: trie)
    let search = searches[0]
    #expect(search.rank == 2 && search.isExact)
    #expect(search.steps.map { trie.tokens(to: $0.node) } == [[2], [2, 5], [2, 5, 0]])
    #expect(search.steps.map(\.choices) == [3, 2, 1])
    #expect(search.steps.map(\.better) == [0, 1, 0])
    #expect(abs(search.total + 8.4234) < 6e-5)
  }

  @Test func theLimitOfExpansionsLeavesTheRankOpen() throws {
    var random = SeededGenerator(5)
    let trie = try ItemTrie(
      paths: randomPaths(count: 150, vocabulary: 5, longest: 6, using: &random))
    var scorer = TableScorer(trie: trie, constraint: .before, vocabulary: 6, seed: 5)
    let worst = try #require(scorer.bruteForce().last?.title)
    var searches = [
      TitleRankSearch(
        of: worst, in: trie, batch: 4, expansionLimit: 6, forcedTokensAreFree: true)
    ]
    try scorer.run(&searches, in: trie)
    #expect(!searches[0].isExact && searches[0].expansions == 6)
    #expect(searches[0].rank < 150)
  }

  /// The exact rank takes every better prefix in any order; a limit takes a few titles' tokens.
  @Test func aLimitIsReachedSoon() throws {
    var random = SeededGenerator(7)
    let trie = try ItemTrie(
      paths: randomPaths(count: 2000, vocabulary: 12, longest: 9, using: &random))
    var scorer = TableScorer(trie: trie, constraint: .after, vocabulary: 40, seed: 7)
    let ranking = scorer.bruteForce().map(\.title)
    var searches = [Int.max, 10].map {
      TitleRankSearch(
        of: ranking[1500], in: trie, limit: $0, batch: 4, forcedTokensAreFree: false)
    }
    for index in searches.indices {
      var alone = [searches[index]]
      try scorer.run(&alone, in: trie)
      searches[index] = alone[0]
    }
    #expect(searches[0].rank == 1501 && searches[0].isExact)
    #expect(searches[1].rank > 10 && !searches[1].isExact)
    #expect(searches[1].expansions < 100, "\(searches[1].expansions)")
    #expect(searches[0].expansions > 1000, "\(searches[0].expansions)")
  }

  /// A tie is no better title.
  @Test func aTieFavoursTheTitle() throws {
    let trie = try ItemTrie(paths: [[1, 0], [2, 0], [3, 0]])
    var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 1, 2] }
    var searches = [
      TitleRankSearch(of: 0, in: trie, forcedTokensAreFree: true),
      TitleRankSearch(of: 1, in: trie, forcedTokensAreFree: true),
    ]
    try scorer.run(&searches, in: trie)
    #expect(searches.map(\.rank) == [2, 2])
  }
}
