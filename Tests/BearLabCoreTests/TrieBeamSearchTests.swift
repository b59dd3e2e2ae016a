import BearLabTestSupport
import Testing

@testable import BearLabCore

/// Beam searches of width 2 over the worked example, `before`, round by round.
@Suite struct TrieBeamSearchTests {
  private let trie: ItemTrie
  private let scorer: TableScorer

  init() throws {
    trie = try ItemTrie(paths: WorkedExample.paths)
    scorer = try WorkedExample.scorer(.before)
  }

  private func scores(_ nodes: [ItemTrie.Node]) -> [ChildScores] {
    nodes.map {
      ChildScores(node: $0, logProbabilities: scorer.logProbabilities(prompt: 0, node: $0))
    }
  }

  @Test func finishedTitlesLeaveForThePool() throws {
    var search = PooledBeamSearch(in: trie, width: 2, lengthPenalty: 1, tokenLimit: 5)
    var wanted = search.advance([])
    func step() -> (prefixes: [[Int32]], scores: [Float]) {
      wanted = search.advance(scores(wanted))
      let beams = search.state.beams
      return (beams.map { trie.tokens(to: $0.position) }, beams.map(\.score))
    }
    #expect(wanted == [ItemTrie.root])
    let first = step()
    #expect(first.prefixes == [[2], [1]])
    #expect(largestGap(first.scores, [-0.5046, -1.0046]) < 6e-5)
    let second = step()
    #expect(second.prefixes == [[2, 8], [1, 7]])
    #expect(largestGap(second.scores, [-0.9787, -1.0835]) < 6e-5)
    let third = step()
    #expect(third.prefixes.first == [2, 8, 9])
    #expect(search.results.map(\.title) == [2])
    #expect(largestGap(search.results.map(\.score), [-0.3612]) < 6e-5)
    _ = step()
    #expect(search.results.map(\.title) == [2])
    _ = step()
    #expect(wanted.isEmpty)
    #expect(search.results.map(\.title) == [4, 2])
    #expect(largestGap(search.results.map(\.score), [-0.1957, -0.3612]) < 6e-5)
  }

  @Test func finishedTitlesCompeteAndTheThresholdIsTheLowestCandidate() {
    var search = CompetingBeamSearch(in: trie, width: 2, tokenLimit: 5)
    var wanted = search.advance([])
    var prefixes: [[[Int32]]] = []
    while !wanted.isEmpty {
      wanted = search.advance(scores(wanted))
      prefixes.append(search.beams.map { trie.tokens(to: $0.position) })
    }
    #expect(
      prefixes == [
        [[2], [1]], [[2, 8], [1, 7]], [[2, 8, 9], [1, 7, 0]], [[2, 8, 9, 10], [1, 7, 0]],
        [[2, 8, 9, 10, 0], [1, 7, 0]],
      ])
    #expect(
      largestGap(search.thresholds, [-1.0046, -1.0835, -1.0835, -1.0835, -1.0835]) < 6e-5)
    #expect(search.results.map(\.title) == [4, 2])
  }

  /// Fewer than B candidates: the lowest of them is the threshold all the same; nothing is dropped.
  @Test func aWideBeamHasTheLowestPrefixAsThreshold() {
    var search = CompetingBeamSearch(in: trie, width: 6, tokenLimit: 5)
    var wanted = search.advance([])
    while !wanted.isEmpty { wanted = search.advance(scores(wanted)) }
    #expect(search.results.count == 6)
    let totals = scorer.bruteForce().map(\.score)
    #expect(search.thresholds.count == 5)
    #expect(search.thresholds.last == totals.last)
    #expect(largestGap(search.thresholds.prefix(1).map { $0 }, [-3.5046]) < 6e-5)
  }

  @Test func withoutAFiniteScoreThereIsNoCandidate() {
    var search = CompetingBeamSearch(in: trie, width: 2, tokenLimit: 5)
    _ = search.advance([])
    let none = [Float](repeating: -.infinity, count: 3)
    #expect(search.advance([ChildScores(node: 0, logProbabilities: none)]) == [])
    #expect(search.beams.isEmpty)
    #expect(search.thresholds == [-.infinity])
  }
}
