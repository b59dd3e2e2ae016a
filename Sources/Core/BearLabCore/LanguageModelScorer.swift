public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor

/// Scores trie nodes with a language model: the token forest under a search.
///
/// Where the constraint comes before the soft-max, a node with one child scores 0 and costs
/// nothing; the forced tokens that a beam walked over are run through the transformer together
/// when it next has a choice, and never if it is pruned before that.
///
/// A scorer serves one batch of prompts after another, see ``restart(prompts:injected:)``, for as
/// long as the adapter's weights stay the same: after a training step make another.
public struct LanguageModelScorer: PathScorer {
  private let model: LanguageModel
  private let trie: ItemTrie
  private let cache: ForestCache
  /// Where the constraint comes; may be changed between calls.
  public var constraint: ConstraintMode
  /// The scores of all titles behind a prompt by a recommender; nil for none.
  ///
  /// Set it with the prompts that it is about.
  public var recommender: ((_ prompt: Int) throws -> [Float])?
  /// Texts that are embedded together: about as many rows as the engine needs to be fast.
  private static let textsAtATime = 64
  /// For each prompt, the forest node at which a trie node's children are predicted.
  private var places: [[ItemTrie.Node: Int]] = []
  /// The first prompt; its tokens are the first nodes of the forest.
  private var first: [TokenForest.Element] = []
  /// The nodes that were there before these prompts.
  private var kept = 0

  /// Prepares a scorer for some prompts; prefixes that they share are computed once.
  public init(
    model: LanguageModel, adapter: LoRAAdapter?, trie: ItemTrie, constraint: ConstraintMode,
    prompts: [[TokenForest.Element]], injected: InjectedVectors? = nil
  ) {
    self.model = model
    self.trie = trie
    self.constraint = constraint
    cache = ForestCache(model: model, adapter: adapter)
    restart(prompts: prompts, injected: injected)
  }

  /// Goes on from prompts that a cache holds already, each of which ends at a node.
  init(
    model: LanguageModel, trie: ItemTrie, constraint: ConstraintMode, cache: ForestCache,
    promptEnds: [Int]
  ) {
    self.model = model
    self.trie = trie
    self.constraint = constraint
    self.cache = cache
    kept = cache.forest.count
    places = promptEnds.map { [ItemTrie.root: $0] }
  }

  /// Takes other prompts instead of those before.
  ///
  /// What the first of them shares with the first of those before, such as the instruction that all
  /// begin with, is not computed again.
  ///
  /// - Parameters:
  ///   - prompts: at least one element each.
  ///   - injected: the vectors of their slots.
  public mutating func restart(
    prompts: [[TokenForest.Element]], injected: InjectedVectors? = nil
  ) {
    precondition(prompts.allSatisfy { !$0.isEmpty }, "a prompt without tokens")
    let next = prompts.first ?? []
    kept = zip(first, next).prefix { $0 == $1 }.count
    cache.truncate(to: kept)
    cache.injected = injected
    first = next
    places = prompts.map { prompt in
      [ItemTrie.root: cache.forest.insert(prompt).last ?? 0]
    }
  }

  public var forcedTokensAreFree: Bool { constraint == .before }

  public mutating func score(_ requests: [ScoreRequest]) throws -> [ChildScores] {
    let evaluated = requests.indices.filter { !isForced(requests[$0].node) }
    let rows = try logProbabilities(of: evaluated.map { requests[$0] })
    var scores = requests.map { ChildScores(node: $0.node, logProbabilities: [0]) }
    for (place, index) in evaluated.enumerated() {
      scores[index] = ChildScores(node: requests[index].node, logProbabilities: rows[place])
    }
    return scores
  }

  public mutating func bestTokens(_ requests: [TokenRequest]) throws -> [TokenScores] {
    guard !requests.isEmpty else { return [] }
    let nodes = requests.map { request in
      let start = forestNode(of: ItemTrie.root, prompt: request.prompt)
      return cache.forest.insert(tokens: request.path, below: start).last ?? start
    }
    let logits = model.vocabularyLogits(of: try cache.hiddenStates(of: nodes))
    let rows = RaggedRows(dense: logits, targets: [Int](repeating: 0, count: requests.count))
    let normalisers = rows.logSumExp().scalars
    let largest = rows.rowLargest(requests.map(\.count).max() ?? 0)
    return requests.indices.map { row in
      let best = largest[row].prefix(requests[row].count)
      return TokenScores(
        tokens: best.map { Int32($0.place) },
        logProbabilities: best.map { $0.value - normalisers[row] })
    }
  }

  public func embeddings(of texts: [[Int32]]) throws -> [[Float]] {
    precondition(texts.allSatisfy { !$0.isEmpty }, "a text without tokens")
    return try stride(from: 0, to: texts.count, by: Self.textsAtATime).flatMap { start in
      let cache = ForestCache(model: model, adapter: nil)
      let nodes = texts[start..<min(start + Self.textsAtATime, texts.count)].map {
        cache.forest.insert(tokens: $0).last ?? 0
      }
      let states = try cache.hiddenStates(of: nodes).scalars
      let width = model.shape.width
      return nodes.indices.map { Array(states[$0 * width..<($0 + 1) * width]) }
    }
  }

  public func recommenderScores(behind prompt: Int) throws -> [Float]? {
    try recommender?(prompt)
  }

  /// −log P of a title behind each prompt, in nats, under the constraint in force.
  public mutating func negativeLogLikelihoods(of titles: [Int]) throws -> [Float] {
    precondition(titles.count == places.count, "\(titles.count) titles, \(places.count) prompts")
    var requests: [ScoreRequest] = []
    var steps: [(prompt: Int, child: Int)] = []
    for (prompt, title) in titles.enumerated() {
      for node in trie.path(to: trie.leaf(of: title)) {
        let above = trie.parent(of: node) ?? ItemTrie.root
        requests.append(ScoreRequest(prompt: prompt, node: above))
        steps.append((prompt, node - trie.children(of: above).lowerBound))
      }
    }
    var totals = [Double](repeating: 0, count: titles.count)
    for (step, scores) in zip(steps, try score(requests)) {
      totals[step.prompt] -= Double(scores.logProbabilities[step.child])
    }
    return totals.map { Float($0) }
  }

  /// The number of tokens that were run through the transformer for the prompts in use.
  public var nodeCount: Int { cache.forest.count - kept }

  private func isForced(_ node: ItemTrie.Node) -> Bool {
    forcedTokensAreFree && trie.children(of: node).count == 1
  }

  private mutating func logProbabilities(of requests: [ScoreRequest]) throws -> [[Float]] {
    guard !requests.isEmpty else { return [] }
    let nodes = requests.map { forestNode(of: $0.node, prompt: $0.prompt) }
    let hidden = try cache.hiddenStates(of: nodes)
    let columns = requests.map { trie.childTokens(of: $0.node) }
    let noTargets = [Int](repeating: 0, count: requests.count)
    switch constraint {
    case .before:
      let logits = RaggedRows(
        values: model.logits(of: hidden, columns: columns),
        offsets: RaggedRows.offsets(ofLengths: columns.map(\.count)), targets: noTargets)
      return logits.logSoftmax().rowValues
    case .after:
      let logits = model.vocabularyLogits(of: hidden)
      let normalisers = RaggedRows(dense: logits, targets: noTargets).logSumExp().scalars
      let valid = RaggedRows(gathering: columns, from: logits, targets: noTargets)
      return zip(valid.rowValues, normalisers).map { row, normaliser in
        row.map { $0 - normaliser }
      }
    }
  }

  /// Where the children of a trie node are predicted; the tokens on the way are added.
  private mutating func forestNode(of node: ItemTrie.Node, prompt: Int) -> Int {
    if let known = places[prompt][node] { return known }
    guard let above = trie.parent(of: node) else {
      preconditionFailure("the root of prompt \(prompt) has no place")
    }
    let parent = forestNode(of: above, prompt: prompt)
    let place = cache.forest.insert(
      TokenForest.Element(token: trie.token(of: node)), below: parent)
    places[prompt][node] = place
    return place
  }
}
