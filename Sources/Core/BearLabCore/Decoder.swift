/// Searches the item trie for the best answers behind a prompt.
///
/// A decoder sees no tensor: its search names trie nodes, and is given the log-probabilities of
/// their children. Searches of many users run side by side, and each round's nodes are scored
/// together; a node with one child costs nothing where the constraint comes before the soft-max.
public protocol Decoder: Plugin {
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
  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node]
  /// The titles found, best first.
  var results: [ScoredTitle] { get }
}

/// Log-probabilities of the children of a trie node.
public struct ChildScores: Sendable {
  public let node: ItemTrie.Node
  /// In the order of the children, in nats; at most 0.
  public let logProbabilities: [Float]

  /// Creates the scores.
  public init(node: ItemTrie.Node, logProbabilities: [Float]) {
    self.node = node
    self.logProbabilities = logProbabilities
  }
}

/// A title and what a search thinks of it.
public struct ScoredTitle: Sendable, Equatable {
  /// The title number.
  public let title: Int
  /// What the list is sorted by: a log-probability in nats, divided by a power of the length where
  /// the decoder says so.
  public let score: Float

  /// Creates a scored title.
  public init(title: Int, score: Float) {
    self.title = title
    self.score = score
  }
}

/// An answer in a ranked list, and what the decoder thinks of it.
public struct RankedAnswer: Sendable, Equatable {
  /// The title number; nil for a text that is no title of the catalogue.
  public let title: Int?
  /// The tokens of an answer that is no title, without EOS; empty for a title.
  public let tokens: [Int32]
  /// As ``ScoredTitle/score``.
  public let score: Float

  /// Takes a title.
  public init(_ title: ScoredTitle) {
    self.title = title.title
    tokens = []
    score = title.score
  }

  /// Takes what is no title.
  public init(tokens: [Int32], score: Float) {
    title = nil
    self.tokens = tokens
    self.score = score
  }
}

/// Scores trie nodes behind several prompts.
public protocol PathScorer {
  /// The log-probabilities of the children of each node, in the order of the requests.
  mutating func score(_ requests: [ScoreRequest]) throws -> [ChildScores]
}

/// A trie node behind a prompt.
public struct ScoreRequest: Sendable, Hashable {
  /// The prompt's place in the batch, from 0.
  public let prompt: Int
  public let node: ItemTrie.Node

  /// Creates a request.
  public init(prompt: Int, node: ItemTrie.Node) {
    self.prompt = prompt
    self.node = node
  }
}

extension Decoder {
  /// Runs one search for each of `prompts` prompts, side by side.
  ///
  /// - Returns: the ranked titles of each prompt.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[ScoredTitle]] {
    var searches = (0..<prompts).map { _ in makeSearch(in: trie) }
    var wanted: [[ItemTrie.Node]] = []
    for index in searches.indices { wanted.append(try searches[index].advance([])) }
    while wanted.contains(where: { !$0.isEmpty }) {
      let requests = wanted.enumerated().flatMap { prompt, nodes in
        nodes.map { ScoreRequest(prompt: prompt, node: $0) }
      }
      var scores = try scorer.score(requests)[...]
      for index in searches.indices where !wanted[index].isEmpty {
        let own = Array(scores.prefix(wanted[index].count))
        scores = scores.dropFirst(wanted[index].count)
        wanted[index] = try searches[index].advance(own)
      }
    }
    return searches.map(\.results)
  }
}
