/// A decoder that searches the item trie.
///
/// Its search names trie nodes, and is given the log-probabilities of their children. The searches
/// of many users run side by side, and each round's nodes are scored together; a node with one child
/// costs nothing where the constraint comes before the soft-max.
public protocol TrieDecoder: Decoder {
  /// Starts the search behind one prompt.
  func makeSearch(in trie: ItemTrie) -> any DecoderSearch
}

/// The search behind one prompt, advanced in rounds.
///
/// Contract: `advance` is first called with no scores. It returns the nodes whose children it wants
/// scored next; none means that the search is over, and `results` is final. A node may be asked for
/// again. No result is twice in the list, and each is a title of the trie.
public protocol DecoderSearch {
  /// Takes the scores of the nodes asked for in the last round, in their order.
  ///
  /// There is one score a child, and none is NaN.
  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node]
  /// The titles found, best first.
  var results: [ScoredTitle] { get }
}

extension TrieDecoder {
  /// Runs one search for each of `prompts` prompts, side by side.
  ///
  /// - Returns: the ranked titles of each prompt.
  /// - Throws: ``ScoringError`` for scores that do not fit, and what scorer and searches throw.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    var searches = (0..<prompts).map { _ in AnySearch(search: makeSearch(in: trie)) }
    try scorer.run(&searches, in: trie)
    return searches.rankedAnswers
  }
}

/// A search of any type.
private struct AnySearch: DecoderSearch {
  var search: any DecoderSearch

  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node] {
    try search.advance(scores)
  }

  var results: [ScoredTitle] { search.results }
}

extension Array where Element: DecoderSearch {
  /// The lists of all searches.
  public var rankedAnswers: [[RankedAnswer]] { map { $0.results.map(RankedAnswer.init) } }
}

extension PathScorer {
  /// Advances searches side by side until all are over, each round's nodes scored together.
  ///
  /// - Parameters:
  ///   - searches: one behind each prompt, in their order; none of them advanced yet.
  ///   - trie: what they search.
  /// - Throws: ``ScoringError`` for scores that do not fit, and what scorer and searches throw.
  public mutating func run<Search: DecoderSearch>(
    _ searches: inout [Search], in trie: ItemTrie
  ) throws {
    var wanted: [[ItemTrie.Node]] = []
    for index in searches.indices { wanted.append(try searches[index].advance([])) }
    while wanted.contains(where: { !$0.isEmpty }) {
      let requests = wanted.enumerated().flatMap { prompt, nodes in
        nodes.map { ScoreRequest(prompt: prompt, node: $0) }
      }
      let all = try score(requests)
      try check(all, of: requests, in: trie)
      var scores = all[...]
      for index in searches.indices where !wanted[index].isEmpty {
        let own = Array(scores.prefix(wanted[index].count))
        scores = scores.dropFirst(wanted[index].count)
        wanted[index] = try searches[index].advance(own)
      }
    }
  }

  /// Checks that searches get the scores that they asked for.
  private func check(
    _ scores: [ChildScores], of requests: [ScoreRequest], in trie: ItemTrie
  ) throws(ScoringError) {
    guard scores.map(\.node) == requests.map(\.node) else {
      throw .wrongNodes(requested: requests.map(\.node), scored: scores.map(\.node))
    }
    for (request, own) in zip(requests, scores) {
      let children = trie.children(of: own.node).count
      guard own.logProbabilities.count == children else {
        throw .wrongCount(node: own.node, count: own.logProbabilities.count, children: children)
      }
      if own.logProbabilities.contains(where: \.isNaN) {
        throw .notANumber(prompt: request.prompt, path: trie.tokens(to: own.node))
      }
    }
  }
}
