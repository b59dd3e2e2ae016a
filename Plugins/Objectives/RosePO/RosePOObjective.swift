public import BearLabCore
internal import BearLabTensor

/// Preference optimisation whose labels are smoothed by what a recommender thinks of the two answers.
///
///     m     = r(y_w) − r(y_l),  r(y) = log P(y | x) − log P_ref(y | x)
///     ε     = 1 − σ(f(y_w) − f(y_l)), cut to [0, ½)      f: the recommender's scores
///     loss  = Σ (−(1 − ε) log σ(β m) − ε log σ(−β m)) / samples
///
/// ε is constant to the gradient; at ½ nothing would be learned from a pair. A sample without a negative
/// has loss 0 and counts in the mean; of several negatives, the losses are averaged.
///
/// - Source: a reconstruction from the abstract of Liao et al., "RosePO: Aligning LLM-based
///   Recommenders with Human Values" (arXiv 2410.12519); there is no public code.
public struct RosePOObjective: Objective {
  private let beta: Float  // β

  public static let summary = "DPO with labels smoothed by a recommender's doubt about the pair"
  public static let citation = "Liao et al., RosePO, arXiv 2410.12519; a reconstruction"
  public static let parameters: [Parameter] = [
    .real(
      "beta", default: 0.1, in: 0.0001..., "β: how dearly the model pays for leaving the reference")
  ]

  public let needs = ObjectiveNeeds(
    columns: .targets, negatives: ObjectiveNeeds.Negatives(count: 1, sampler: "hard"),
    reference: .initial, recommender: true, constraint: .after)

  public init(_ values: ParameterValues) throws {
    beta = try values["beta"]
  }

  /// Computes the smoothed preference loss of some samples.
  ///
  /// - Returns: a sum in nats; the weight is the number of samples.
  /// - Throws: `AnswerBatchError` or `PreferenceError` where ``needs`` was not met.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    let rewards = try batch.rewards(batch.answerLogProbabilities)
    let pairs = batch.preferences.flatMap { preference in
      preference.negatives.map {
        (positive: preference.positive, negative: $0, share: 1 / Float(preference.negatives.count))
      }
    }
    let margins =
      beta
      * (rewards.gathered(at: pairs.map(\.positive)) - rewards.gathered(at: pairs.map(\.negative)))
    let doubts = try doubts(of: pairs.map { ($0.positive, $0.negative) }, in: batch)
    let shares = Tensor(pairs.map(\.share), shape: [pairs.count])
    let losses = (1 - doubts) * (-margins).softplus() + doubts * margins.softplus()
    return LossTerms(sum: (losses * shares).sum(), weight: Float(batch.sampleCount))
  }

  /// `[pairs]`: ε.
  private func doubts(
    of pairs: [(positive: Int, negative: Int)], in batch: AnswerBatch
  ) throws(PreferenceError) -> Tensor {
    func score(_ answer: Int) throws(PreferenceError) -> Float {
      guard let score = batch.answers[answer].recommenderScore else {
        throw .noRecommenderScore(answer: answer)
      }
      return score
    }
    var gaps: [Float] = []
    for pair in pairs { gaps.append(try score(pair.negative) - score(pair.positive)) }
    let doubts = Tensor(gaps, shape: [gaps.count]).sigmoid().scalars
    return Tensor(doubts.map { min($0, Float(0.5).nextDown) }, shape: [gaps.count])
  }
}

/// Registers the objective `rose-po`.
public enum RosePOModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "rose-po", RosePOObjective.self)
  }
}
