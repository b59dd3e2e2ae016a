public import BearLabCore
internal import BearLabTensor

/// Counterfactual fine-tuning: the history alone must explain the answer, too.
///
///     loss = Σ ω_t (CE(z_t) + μ CE(z_t − z⁰_t)) / Σ ω_t
///     ω_t  = 1 − (t − 1) (1 − b) / (T − 1)               from 1 down to b; 1 where T = 1
///
/// z⁰ are the logits of the same answer behind the prompt without the history; CE is over the whole
/// vocabulary. The gradient passes both prompts, as in the authors' code.
///
/// - Source: Zhang et al., "Causality-Enhanced Behavior Sequence Modeling in LLMs for Personalized
///   Recommendation"; itsmeyjt/CFT, whose μ and b are constants.
public struct CFTObjective: TokenWeightedObjective {
  private let counterfactualWeight: Float  // μ
  private let floor: Float  // b

  public static let summary =
    "counterfactual fine-tuning: also what the history adds to the logits must give the answer"
  public static let citation = "CFT, causality-enhanced behaviour modelling; itsmeyjt/CFT"
  public static let parameters: [Parameter] = [
    .real("mu", default: 0.1, in: 0..., "weight of the loss of the difference; 0 for none"),
    .real("floor", default: 0.25, in: 0...1, "weight of an answer's last token; the first has 1"),
  ]

  public init(_ values: ParameterValues) throws {
    counterfactualWeight = try values["mu"]
    floor = try values["floor"]
  }

  public var needs: ObjectiveNeeds {
    ObjectiveNeeds(
      columns: counterfactualWeight > 0 ? .vocabulary : .targets,
      historyFree: counterfactualWeight > 0, constraint: .after)
  }

  /// Computes the summed losses of some answers.
  ///
  /// - Returns: a sum in nats; the weight is the sum of ω_t times the factors.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the logits that ``needs`` names.
  public func loss(_ batch: AnswerBatch, factors: [Float]) throws(AnswerBatchError) -> LossTerms {
    var logProbabilities: Tensor
    if counterfactualWeight == 0 {
      logProbabilities = try batch.tokenLogProbabilities
    } else {
      let logits = try batch.vocabularyLogits
      logProbabilities = logits.targetLogProbabilities()
      let difference = RaggedRows(
        values: logits.values - (try batch.historyFreeLogits).values, offsets: logits.offsets,
        targets: logits.targetPositions)
      logProbabilities =
        logProbabilities + counterfactualWeight * difference.targetLogProbabilities()
    }
    return LossTerms(
      losses: -logProbabilities,
      weights: zip(batch.answers.flatMap { weights(of: $0.rows.count) }, factors).map { $0 * $1 })
  }

  /// `[tokens]`: ω.
  private func weights(of count: Int) -> [Float] {
    let step = (1 - floor) / Float(max(count - 1, 1))
    return (0..<count).map { 1 - Float($0) * step }
  }
}

/// Registers the objective `cft`.
public enum CFTModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "cft", CFTObjective.self)
  }
}
