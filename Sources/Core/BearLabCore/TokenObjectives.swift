public import BearLabTensor

/// An objective that is a weighted mean of losses of tokens, whose weights another one may scale.
///
/// It is the first half of a composition such as `cft+bear`, see ``ComposedObjective``.
public protocol TokenWeightedObjective: Objective {
  /// The loss with the weight of every token times a factor.
  ///
  /// - Parameters:
  ///   - batch: the answers.
  ///   - factors: `[rows]`, constant to the gradient; with factors of 1 this is the objective itself.
  /// - Returns: Σ w_t f_t ℓ_t in nats, and the weight Σ w_t f_t.
  /// - Throws: where what ``Objective/needs`` names was not computed.
  func loss(_ batch: AnswerBatch, factors: [Float]) throws -> LossTerms
}

extension TokenWeightedObjective {
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    try loss(batch, factors: [Float](repeating: 1, count: batch.rowCount))
  }
}

/// An objective whose emphasis on some tokens another one can take over.
///
/// It is the second half of a composition such as `cft+bear`, see ``ComposedObjective``.
public protocol TokenFactors: Objective {
  /// How much more than others each token counts.
  ///
  /// - Returns: `[rows]`, constant to the gradient; 1 for a token that is not emphasised.
  func tokenFactors(_ batch: AnswerBatch) throws -> [Float]
  /// Refuses parameters that mean nothing to ``tokenFactors(_:)``, or that need more than there is.
  ///
  /// - Parameter needs: what is computed for the objective that takes the factors.
  /// - Throws: the first such parameter.
  func requireFactors(with needs: ObjectiveNeeds) throws
}

extension LossTerms {
  /// A weighted sum of losses, to be divided by the sum of the weights.
  ///
  /// - Parameters:
  ///   - losses: `[rows]`, in nats.
  ///   - weights: `[rows]`, constant to the gradient.
  public init(losses: Tensor, weights: [Float]) {
    self.init(
      sum: (losses * Tensor(weights, shape: [weights.count])).sum(),
      weight: Float(weights.reduce(0.0) { $0 + Double($1) }))
  }
}

extension AnswerBatch {
  /// `[rows]`: the trie's node that each token leads into; nil from where an answer leaves the trie.
  public func nodes(in trie: ItemTrie) -> [ItemTrie.Node?] {
    answers.flatMap { trie.nodes(along: targets[$0.rows]) }
  }
}
