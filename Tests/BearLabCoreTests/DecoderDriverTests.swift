import BearLabCore
import Testing

/// Walks from the root along the best child, and asks for one node a round.
struct FirstTitle: TrieDecoder {
  static let summary = "greedy search"
  init(_ values: ParameterValues) throws {}
  init() {}

  func makeSearch(in trie: ItemTrie) -> any DecoderSearch { Search(trie: trie) }

  private struct Search: DecoderSearch {
    let trie: ItemTrie
    var total: Float = 0
    var results: [ScoredTitle] = []

    mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node] {
      guard let own = scores.first else { return [ItemTrie.root] }
      guard let best = own.logProbabilities.max(),
        let place = own.logProbabilities.firstIndex(of: best)
      else { throw Stuck(node: own.node) }
      total += best
      let child = trie.children(of: own.node).lowerBound + place
      guard let title = trie.title(at: child) else { return [child] }
      results = [ScoredTitle(title: title, score: total)]
      return []
    }
  }
}

private struct Stuck: Error, Equatable {
  let node: Int
}

/// Prefers token `prompt + 1`, and keeps what it was asked.
private struct Recorder: PathScorer {
  let trie: ItemTrie
  var rounds: [[ScoreRequest]] = []

  mutating func bestTokens(_ requests: [TokenRequest]) -> [TokenScores] { [] }
  mutating func embeddings(of texts: [[Int32]]) -> [[Float]] { [] }

  mutating func score(_ requests: [ScoreRequest]) throws -> [ChildScores] {
    rounds.append(requests)
    return requests.map { request in
      let favourite = Int32(request.prompt + 1)
      return ChildScores(
        node: request.node,
        logProbabilities: trie.childTokens(of: request.node).map { $0 == favourite ? -0.25 : -2 })
    }
  }
}

@Suite struct DecoderDriverTests {
  // Prompt 0 walks 1, 1, EOS; prompt 1 ends a round earlier, at 2, EOS.
  private let paths: [[Int32]] = [[1, 1, 9], [1, 2, 9], [2, 9], [3, 3, 3, 9]]

  @Test func searchesRunSideBySide() throws {
    let trie = try ItemTrie(paths: paths)
    var scorer = Recorder(trie: trie)
    let found = try FirstTitle().search(prompts: 3, in: trie, scorer: &scorer)
    #expect(
      found == [
        [RankedAnswer(ScoredTitle(title: 0, score: -2.5))],
        [RankedAnswer(ScoredTitle(title: 2, score: -2.25))],
        [RankedAnswer(ScoredTitle(title: 3, score: -2.75))],
      ])
    #expect(scorer.rounds.map { $0.map(\.prompt) } == [[0, 1, 2], [0, 1, 2], [0, 2], [2]])
    #expect(scorer.rounds[0].allSatisfy { $0.node == ItemTrie.root })
    #expect(
      scorer.rounds.map { $0.filter { $0.prompt == 2 }.map { trie.token(of: $0.node) } }
        == [[-1], [3], [3], [3]])
  }

  @Test func noPromptsAskForNothing() throws {
    let trie = try ItemTrie(paths: paths)
    var scorer = Recorder(trie: trie)
    #expect(try FirstTitle().search(prompts: 0, in: trie, scorer: &scorer).isEmpty)
    #expect(scorer.rounds.isEmpty)
  }

  @Test func aFailingSearchEndsTheRun() throws {
    let trie = try ItemTrie(paths: [])
    var scorer = Recorder(trie: trie)
    #expect(throws: Stuck(node: ItemTrie.root)) {
      try FirstTitle().search(prompts: 2, in: trie, scorer: &scorer)
    }
  }

  @Test func scoresThatDoNotFitAreRefused() throws {
    let trie = try ItemTrie(paths: paths)
    func search(_ spoil: @escaping ([ChildScores]) -> [ChildScores]) throws {
      var scorer = SpoiltScorer(recorder: Recorder(trie: trie), spoil: spoil)
      _ = try FirstTitle().search(prompts: 2, in: trie, scorer: &scorer)
    }
    #expect(throws: ScoringError.wrongNodes(requested: [0, 0], scored: [0])) {
      try search { $0.dropLast() }
    }
    #expect(throws: ScoringError.wrongCount(node: 0, count: 1, children: 3)) {
      try search { $0.map { ChildScores(node: $0.node, logProbabilities: [0]) } }
    }
    // Only behind prompt 1 and token 2, in the second round.
    #expect(throws: ScoringError.notANumber(prompt: 1, path: [2])) {
      try search {
        $0.map { scores in
          let isAt = trie.token(of: scores.node) == 2
          return isAt ? ChildScores(node: scores.node, logProbabilities: [.nan]) : scores
        }
      }
    }
  }
}

private struct SpoiltScorer: PathScorer {
  var recorder: Recorder
  let spoil: ([ChildScores]) -> [ChildScores]
  mutating func score(_ requests: [ScoreRequest]) throws -> [ChildScores] {
    spoil(try recorder.score(requests))
  }
  mutating func bestTokens(_ requests: [TokenRequest]) -> [TokenScores] { [] }
  mutating func embeddings(of texts: [[Int32]]) -> [[Float]] { [] }
}
