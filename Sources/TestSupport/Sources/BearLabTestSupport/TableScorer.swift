public import BearLabCore
internal import Foundation

/// A scorer without a language model: logits are a function of the prompt and the prefix.
///
/// Log-probabilities are computed in double precision and rounded once.
public struct TableScorer: PathScorer {
  private let trie: ItemTrie
  /// Whether the soft-max runs over the children or over all logits.
  public var constraint: ConstraintMode
  private let logits: (_ prompt: Int, _ prefix: [Int32]) -> [Double]
  /// The vector of a text; zero-dimensional unless another is set.
  public var embedding: (_ text: [Int32]) -> [Float] = { _ in [] }
  /// The scores of all titles behind a prompt; nil for none.
  public var recommender: ((_ prompt: Int) -> [Float])?
  /// All texts embedded so far, in order.
  public private(set) var embedded: [[Int32]] = []
  /// All requests so far, in order.
  public private(set) var requests: [ScoreRequest] = []
  /// As ``requests``, of next tokens.
  public private(set) var tokenRequests: [TokenRequest] = []

  /// Creates a scorer.
  ///
  /// - Parameters:
  ///   - trie: the titles' tokens.
  ///   - constraint: whether the soft-max runs over the children or over all logits.
  ///   - logits: those of the next token, over the whole vocabulary; the prefix of the root is
  ///     empty.
  public init(
    trie: ItemTrie, constraint: ConstraintMode,
    logits: @escaping (_ prompt: Int, _ prefix: [Int32]) -> [Double]
  ) {
    self.trie = trie
    self.constraint = constraint
    self.logits = logits
  }

  /// Creates a scorer whose logits are random numbers, uniform in ±scale.
  ///
  /// They are the same for one seed, prompt and prefix.
  public init(
    trie: ItemTrie, constraint: ConstraintMode, vocabulary: Int, seed: UInt64, scale: Double = 3
  ) {
    self.init(trie: trie, constraint: constraint) { prompt, prefix in
      let key = prefix.reduce(seed &* 1_000_003 &+ UInt64(prompt)) {
        $0 &* 1_000_003 &+ UInt64($1) &+ 1
      }
      var random = SeededGenerator(key)
      return (0..<vocabulary).map { _ in Double.random(in: -scale...scale, using: &random) }
    }
  }

  public var forcedTokensAreFree: Bool { constraint == .before }

  public mutating func score(_ requests: [ScoreRequest]) -> [ChildScores] {
    self.requests += requests
    return requests.map { request in
      ChildScores(
        node: request.node,
        logProbabilities: logProbabilities(prompt: request.prompt, node: request.node))
    }
  }

  public mutating func bestTokens(_ requests: [TokenRequest]) -> [TokenScores] {
    tokenRequests += requests
    return requests.map { request in
      let all = logProbabilities(prompt: request.prompt, prefix: request.path)
      let best = all.indices.sorted { (all[$1], $0) < (all[$0], $1) }.prefix(request.count)
      return TokenScores(tokens: best.map { Int32($0) }, logProbabilities: best.map { all[$0] })
    }
  }

  public mutating func embeddings(of texts: [[Int32]]) -> [[Float]] {
    embedded += texts
    return texts.map(embedding)
  }

  public func recommenderScores(behind prompt: Int) -> [Float]? { recommender?(prompt) }

  /// The same logits, with one of the prompts as the only one.
  public func alone(prompt: Int) -> TableScorer {
    var scorer = TableScorer(trie: trie, constraint: constraint) { [logits] _, prefix in
      logits(prompt, prefix)
    }
    scorer.embedding = embedding
    scorer.recommender = recommender.map { scores in { _ in scores(prompt) } }
    return scorer
  }

  /// Log-probabilities of all tokens behind a prefix.
  public func logProbabilities(prompt: Int, prefix: [Int32]) -> [Float] {
    let all = logits(prompt, prefix)
    let normaliser = logSumExp(all)
    return all.map { Float($0 - normaliser) }
  }

  /// Log-probabilities of the children of a node.
  public func logProbabilities(prompt: Int, node: ItemTrie.Node) -> [Float] {
    let all = logits(prompt, trie.tokens(to: node))
    let children = trie.childTokens(of: node).map { all[Int($0)] }
    let normaliser = logSumExp(constraint == .before ? children : all)
    return children.map { Float($0 - normaliser) }
  }

  /// Every title with its log-probability, best first; of equal ones the lower title first.
  ///
  /// Sums in single precision in the order of the tokens, as a search does.
  ///
  /// - Parameters:
  ///   - prompt: the prompt's place in the batch.
  ///   - score: turns a title's log-probability and number of tokens into its score.
  /// - Returns: as many as there are titles.
  public func bruteForce(
    prompt: Int = 0, score: (Float, Int) -> Float = { total, _ in total }
  ) -> [ScoredTitle] {
    let titles = (0..<trie.titleCount).map { title in
      let path = trie.path(to: trie.leaf(of: title))
      let total = path.reduce(Float(0)) { $0 + logProbability(of: $1, prompt: prompt) }
      return ScoredTitle(title: title, score: score(total, path.count))
    }
    return titles.sorted { ($1.score, $0.title) < ($0.score, $1.title) }
  }

  private func logProbability(of node: ItemTrie.Node, prompt: Int) -> Float {
    let parent = trie.parent(of: node) ?? ItemTrie.root
    return logProbabilities(prompt: prompt, node: parent)[
      node - trie.children(of: parent).lowerBound]
  }

  private func logSumExp(_ values: [Double]) -> Double {
    let largest = values.max() ?? 0
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
