public import BearLabCore
internal import BearLabTensor

/// Objective (3.1) of BEAR: every prefix of the answer is compared with the last candidate of a beam.
///
/// With ℓ_t = −log p_t(y_t), π_t = Σ_{s ≤ t} log p_s(y_s), and c_t the total log-probability of the last
/// candidate that a beam search behind the same prompt keeps after t tokens:
///
///     code   loss = Σ w_s ℓ_s / Σ w_s,  w_s = 1 + λ_c Σ_{t ≥ s} σ((π_t − c_t) / ξ)
///     paper  loss = Σ (ℓ_t + λ log σ((c_t − π_t) / ξ)) / samples
///
/// The sum over t runs over all tokens of the answer from s on. A forced token has ℓ = 0 and is left out
/// of Σ w_s, as in BEAR; as a t it counts, since its prefix can fall out of the beam as any other. c_t is a
/// constant to the gradient, and so is w_s. The gradients have one direction where λ = λ_c ξ:
/// `lambda` is λ_c or λ as `lambda-convention` says, and is converted for the other form.
///
/// - Source: BEAR, SIGIR 2026, equation 3.1 and Table 5. There is no code by the authors: the surrogate
///   is built as that of equation 3.4.
public struct BeamAwareObjective: Objective {
  private let form: Form
  private let beamWeight: Float  // λ_c in form=code, λ in form=paper
  private let beamTemperature: Float  // ξ, nats
  private let beamWidth: Int  // B, candidates

  public static let summary =
    "Obj. (3.1): every prefix of the answer against the last candidate of a beam search"
  public static let citation = "BEAR, SIGIR 2026, equation 3.1"
  public static let parameters: [Parameter] = [
    .real("lambda", default: 0.25, in: 0..., "weight of the regulariser; see lambda-convention"),
    .real("xi", default: 2.75, in: 0.01..., unit: "nats", "smoothness of the indicator"),
    .integer(
      "beam-width", default: 10, in: 1..., unit: "candidates", "width of the beam search"),
    .choice(
      "form", default: Form.code.rawValue, of: Form.allCases.map(\.rawValue),
      "weighted cross-entropy, or the published sum"),
    .choice(
      "lambda-convention", default: LambdaConvention.code.rawValue,
      of: LambdaConvention.allCases.map(\.rawValue),
      "what lambda is, in any form: λ_c of form=code, or the paper's λ = λ_c ξ (0.25 is 0.6875)"),
  ]

  private enum Form: String, CaseIterable, ParameterReadable {
    case code
    case paper
  }

  private enum LambdaConvention: String, CaseIterable, ParameterReadable {
    case code
    case paper
  }

  public init(_ values: ParameterValues) throws {
    form = try values["form"]
    beamTemperature = try values["xi"]
    beamWidth = try values["beam-width"]
    let convention: LambdaConvention = try values["lambda-convention"]
    let lambda: Float = try values["lambda"]
    beamWeight =
      switch (convention, form) {
      case (.code, .code), (.paper, .paper): lambda
      case (.code, .paper): lambda * beamTemperature
      case (.paper, .code): lambda / beamTemperature
      }
  }

  public var needs: ObjectiveNeeds {
    ObjectiveNeeds(columns: .children, beamWidth: beamWidth, constraint: .before)
  }

  /// Computes the loss of some answers.
  ///
  /// - Returns: a sum in nats; the weight is Σ w_s over the tokens with a choice, and in the paper's form
  ///   the number of samples.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the children's logits or the beams.
  public func loss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let logProbabilities = try batch.childLogits.targetLogProbabilities()
    let thresholds = Tensor(try batch.beamThresholds, shape: [batch.rowCount])
    // π_t
    let prefixes = logProbabilities.sums(
      over: batch.answers.flatMap { answer in answer.rows.map { answer.rows.lowerBound..<$0 + 1 } })
    let margins = (thresholds - prefixes) / beamTemperature
    guard form == .code else {
      let sum = (beamWeight * margins.logSigmoid() - logProbabilities).sum()
      return LossTerms(sum: sum, weight: Float(batch.sampleCount))
    }
    let weights = weights(batch, emphasis: (-margins.detached()).sigmoid().scalars)
    let rows = batch.rowsWithChoice
    return LossTerms(
      losses: -logProbabilities.gathered(at: rows), weights: rows.map { weights[$0] })
  }

  /// `[rows]`: w_s, from σ((π_t − c_t) / ξ).
  private func weights(_ batch: AnswerBatch, emphasis: [Float]) -> [Float] {
    var weights = [Float](repeating: 1, count: batch.rowCount)
    for answer in batch.answers {
      var suffix: Float = 0
      for row in answer.rows.reversed() {
        suffix += emphasis[row]
        weights[row] += beamWeight * suffix
      }
    }
    return weights
  }
}

/// Registers the objective `beam-aware`.
public enum BeamAwareModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "beam-aware", BeamAwareObjective.self)
  }
}
