public import BearLabCore
internal import BearLabTensor

/// S-DPO with BEAR's regulariser: for the positive answer, against the negatives.
///
///     loss       = Σ (L_SDPO + λ (L_reg(y_w) − Σ_j L_reg(y_j) / k)) / samples
///     L_reg(y)   = Σ_t log σ(Δ_t / ξ)        over the tokens with a choice
///     Δ_t        = log β_t − log p_t(y_t)    over the allowed tokens; β_t, the B-th largest
///                                            probability, is constant to the gradient
///
/// The regulariser of a positive token falls without bound where it is far inside the beam: the value
/// that is reported has Δ_t / ξ cut at −10, the gradient has not. λ is `lambda` times ξ unless
/// `lambda-convention=paper`, as in `bear`. A sample without negatives has loss 0 and counts in the mean.
///
/// - Source: BEAR, SIGIR 2026, Figure 7, which leaves open how the negatives and the tokens are
///   averaged: here a mean (`neg-reduction=sum` for a sum) and a sum. There is no code by the authors.
public struct SDPOBEARObjective: Objective {
  private let beta: Float  // β of DPO
  private let negatives: Int
  private let reduction: Reduction
  private let softmax: Softmax
  private let beamWeight: Float  // λ
  private let beamTemperature: Float  // ξ, nats
  private let beamWidth: Int  // B, tokens

  public static let summary = "S-DPO with BEAR's regulariser on the right answer and the wrong ones"
  public static let citation =
    "BEAR, SIGIR 2026, Figure 7; Chen et al., S-DPO, NeurIPS 2024; chenyuxin1999/S-DPO"
  public static let parameters: [Parameter] = [
    .real(
      "beta", default: 1, in: 0.0001..., "β: how dearly the model pays for leaving the reference"),
    .integer("negatives", default: 3, in: 1...1000, unit: "answers", "negatives of a sample"),
    .real("lambda", default: 0.25, in: 0..., "weight of the regulariser; see lambda-convention"),
    .choice(
      "lambda-convention", default: LambdaConvention.code.rawValue,
      of: LambdaConvention.allCases.map(\.rawValue),
      "what lambda is: the code's λ_c, or the paper's λ = λ_c ξ (0.25 is 0.6875)"),
    .real("xi", default: 2.75, in: 0.01..., unit: "nats", "smoothness of the indicator"),
    .integer("beam-width", default: 10, in: 1..., unit: "tokens", "rank of the threshold"),
    .choice(
      "neg-reduction", default: Reduction.mean.rawValue, of: Reduction.allCases.map(\.rawValue),
      "mean or sum of the negatives' regularisers"),
    .choice(
      "sdpo-softmax", default: Softmax.full.rawValue, of: Softmax.allCases.map(\.rawValue),
      "S-DPO's soft-max: over the vocabulary, or over valid tokens"),
  ]

  private enum LambdaConvention: String, CaseIterable, ParameterReadable {
    case code
    case paper
  }

  private enum Reduction: String, CaseIterable, ParameterReadable {
    case mean
    case sum
  }

  private enum Softmax: String, CaseIterable, ParameterReadable {
    case full
    case masked
  }

  /// Δ / ξ below which the reported value does not fall.
  private static let lowestMargin: Float = -10

  public init(_ values: ParameterValues) throws {
    beta = try values["beta"]
    negatives = try values["negatives"]
    reduction = try values["neg-reduction"]
    softmax = try values["sdpo-softmax"]
    beamTemperature = try values["xi"]
    beamWidth = try values["beam-width"]
    let convention: LambdaConvention = try values["lambda-convention"]
    let lambda: Float = try values["lambda"]
    beamWeight = convention == .paper ? lambda : lambda * beamTemperature
  }

  /// The reference's log-probabilities are over the soft-max of these columns.
  public var needs: ObjectiveNeeds {
    ObjectiveNeeds(
      columns: softmax == .full ? .targets : .children,
      negatives: ObjectiveNeeds.Negatives(count: negatives, sampler: "uniform"),
      reference: .initial, constraint: softmax == .full ? .after : .before)
  }

  /// Computes the preference loss and the regularisers of some samples.
  ///
  /// - Returns: a sum in nats; the weight is the number of samples.
  /// - Throws: `AnswerBatchError` or `PreferenceError` where ``needs`` was not met.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    let preferences = batch.preferences
    let logProbabilities =
      switch softmax {
      case .full: try batch.answerLogProbabilities
      case .masked: batch.answerSums(of: try batch.childLogits.targetLogProbabilities())
      }
    let losses = AnswerBatch.preferenceLosses(
      preferences, rewards: try batch.rewards(logProbabilities), beta: beta)
    let regulariser = try regulariser(of: batch, preferences)
    return LossTerms(
      sum: losses.sum() + beamWeight * regulariser, weight: Float(batch.sampleCount))
  }

  /// Σ over samples of L_reg(y_w) − Σ_j L_reg(y_j) / k, a scalar.
  private func regulariser(
    of batch: AnswerBatch, _ preferences: [AnswerBatch.Preference]
  ) throws(AnswerBatchError) -> Tensor {
    let shares = shares(of: batch, preferences)
    let rows = batch.rowsWithChoice.filter { shares[$0] != 0 }
    let logits = try batch.childLogits.rows(at: rows)
    let normaliser = logits.logSumExp()
    let threshold = (logits.rowKthLargest(beamWidth) - normaliser).detached()
    let margins = (threshold - (logits.targets - normaliser)) / beamTemperature
    let exact = margins.logSigmoid()
    let reported = margins.clamped(atLeast: Self.lowestMargin).logSigmoid()
    let values = exact + (reported - exact).detached()
    return (values * Tensor(rows.map { shares[$0] }, shape: [rows.count])).sum()
  }

  /// `[rows]`: 1 for the positives' tokens, −1 / k or −1 for the negatives', 0 without a preference.
  private func shares(
    of batch: AnswerBatch, _ preferences: [AnswerBatch.Preference]
  ) -> [Float] {
    var shares = [Float](repeating: 0, count: batch.rowCount)
    for preference in preferences {
      for row in batch.answers[preference.positive].rows { shares[row] = 1 }
      let share = reduction == .mean ? 1 / Float(preference.negatives.count) : 1
      for row in preference.negatives.flatMap({ batch.answers[$0].rows }) { shares[row] = -share }
    }
    return shares
  }
}

/// Registers the objective `s-dpo-bear`.
public enum SDPOBEARModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "s-dpo-bear", SDPOBEARObjective.self)
  }
}
