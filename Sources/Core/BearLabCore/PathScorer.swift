/// Scores what may follow several prompts.
public protocol PathScorer {
  /// Whether a node's only child has log-probability 0 and costs nothing, as where the constraint
  /// comes before the soft-max; where it is false such a node is scored as any other.
  var forcedTokensAreFree: Bool { get }
  /// The log-probabilities of the children of each trie node, in the order of the requests.
  ///
  /// Where the constraint comes, relative to the soft-max, is the scorer's setting.
  mutating func score(_ requests: [ScoreRequest]) throws -> [ChildScores]
  /// The most probable next tokens of the whole vocabulary, in the order of the requests.
  ///
  /// The soft-max runs over the vocabulary whatever the constraint is.
  mutating func bestTokens(_ requests: [TokenRequest]) throws -> [TokenScores]
  /// What the base model makes of each text alone, without prompt and LoRA: its last hidden state,
  /// after the final norm, at the text's last token.
  ///
  /// - Parameter texts: tokens, BOS included where the model has one; none of them empty.
  /// - Returns: a vector of one length for each text.
  /// - Throws: what the model throws, such as for a text longer than its context.
  mutating func embeddings(of texts: [[Int32]]) throws -> [[Float]]
  /// What the run's recommender thinks of every title behind a prompt, `[titles]`, larger is
  /// better; nil where there is none.
  mutating func recommenderScores(behind prompt: Int) throws -> [Float]?
}

extension PathScorer {
  public var forcedTokensAreFree: Bool { false }

  public mutating func recommenderScores(behind prompt: Int) throws -> [Float]? { nil }
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

/// Tokens behind a prompt, of which the most probable next ones are wanted.
public struct TokenRequest: Sendable, Hashable {
  /// The prompt's place in the batch, from 0.
  public let prompt: Int
  /// The tokens written so far.
  public let path: [Int32]
  /// How many next tokens are wanted.
  public let count: Int

  /// Creates a request.
  public init(prompt: Int, path: [Int32], count: Int) {
    self.prompt = prompt
    self.path = path
    self.count = count
  }
}

/// The most probable next tokens.
public struct TokenScores: Sendable {
  /// The best first, of equal ones the lower token; fewer than wanted where the vocabulary is small.
  public let tokens: [Int32]
  /// Those of the tokens, in nats; at most 0.
  public let logProbabilities: [Float]

  /// Creates the scores.
  public init(tokens: [Int32], logProbabilities: [Float]) {
    self.tokens = tokens
    self.logProbabilities = logProbabilities
  }
}

/// What can be wrong with the scores given to a search.
public enum ScoringError: BearLabError, Equatable {
  case wrongNodes(requested: [ItemTrie.Node], scored: [ItemTrie.Node])
  case wrongCount(node: ItemTrie.Node, count: Int, children: Int)
  case notANumber(prompt: Int, path: [Int32])

  public var description: String {
    switch self {
    case .wrongNodes(let requested, let scored):
      "scores of trie nodes \(scored), where \(requested) were asked for"
    case .wrongCount(let node, let count, let children):
      "trie node \(node) has \(children) children, but \(count) scores"
    case .notANumber(let prompt, let path):
      "prompt \(prompt): a token behind \(path) has a score that is not a number"
    }
  }

  public var remedy: String {
    switch self {
    case .wrongNodes, .wrongCount: "score the children of every node asked for, in order"
    case .notANumber: "check the model's weights and logits for NaN"
    }
  }
}
