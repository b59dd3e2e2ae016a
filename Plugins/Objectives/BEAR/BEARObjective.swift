public import BearLabCore
internal import BearLabTensor

/// Beam-search-aware regularised cross-entropy (BEAR).
///
/// With ℓ_t = −log p_t(y_t) and the pruning margin Δ_t = log β_t − log p_t(y_t), where β_t is the
/// K-th largest probability of step t (the smallest where there are fewer than K):
///
///     code   loss = Σ w_t ℓ_t / Σ w_t,  w_t = 1 + λ_c σ(−Δ_t / ξ)  over rows with n_t > 1
///     paper  loss = Σ (ℓ_t + λ log σ(Δ_t / ξ)) / samples           over all rows
///
/// Behind a `+`, as in `cft+bear`, w_t of the code's form multiplies another objective's token weights;
/// a forced token has w_t = 1 there, since no regulariser moves it. Only differences of logits count in
/// it, so the other objective may have another soft-max.
///
/// w_t is a constant to the gradient, and so is β_t unless `beta-grad=flow`. The gradients have
/// one direction where λ = λ_c ξ: so the parameter `lambda`, which is λ_c or λ as
/// `lambda-convention` says, is converted for the other form. The code's form leaves rows with one
/// child out whatever the base.
///
/// - Source: "BEAR: Towards Beam-Search-Aware Optimization for Recommendation with Large Language
///   Models", SIGIR 2026, equations 3.2 to 3.5; Tiny-Snow/BEAR-SIGIR-2026, `train_bear.py`.
public struct BEARObjective: TokenFactors {
  private let switches: BEARSwitches
  private let temperature: Float  // τ
  private let beamWeight: Float  // λ_c in form=code, λ in form=paper
  private let beamTemperature: Float  // ξ, nats
  private let beamWidth: Int  // K, tokens per step

  public static let summary = "beam-search-aware regularised cross-entropy"
  public static let citation =
    "BEAR, SIGIR 2026, equations 3.2 to 3.5; Tiny-Snow/BEAR-SIGIR-2026, train_bear.py"
  public static let parameters: [Parameter] = [
    .real("tau", default: 1, in: 0.01..., "temperature of the soft-max"),
    .real("lambda", default: 0.25, in: 0..., "weight of the regulariser; see lambda-convention"),
    .real("xi", default: 2.75, in: 0.01..., unit: "nats", "smoothness of the indicator"),
    .integer("beam-width", default: 10, in: 1..., unit: "tokens", "rank of the threshold"),
    choice("form", BEARSwitches.Form.code, "weighted cross-entropy, or the published sum"),
    choice(
      "lambda-convention", BEARSwitches.LambdaConvention.code,
      "what lambda is, in any form: the code's λ_c, or the paper's λ = λ_c ξ (0.25 is 0.6875)"),
    choice("base", BEARSwitches.Base.masked, "soft-max over valid tokens or the vocabulary"),
    choice("beta-over", BEARSwitches.BetaOver.valid, "among which tokens the threshold is"),
    choice("beta-grad", BEARSwitches.BetaGradient.stop, "whether gradients pass the threshold"),
    choice("fewer", BEARSwitches.Fewer.minValid, "threshold of rows with too few tokens"),
    choice("normalise", BEARSwitches.Normaliser.weights, "divisor of the code's form"),
    choice("surrogate", BEARSwitches.Surrogate.logSigmoid, "function of the pruning margin"),
  ]

  public init(_ values: ParameterValues) throws {
    switches = try BEARSwitches(values)
    temperature = try values["tau"]
    beamTemperature = try values["xi"]
    let lambda: Float = try values["lambda"]
    beamWeight =
      switch (switches.lambdaConvention, switches.form) {
      case (.code, .code), (.paper, .paper): lambda
      case (.code, .paper): lambda * beamTemperature
      case (.paper, .code): lambda / beamTemperature
      }
    beamWidth = try values["beam-width"]
  }

  public var needs: ObjectiveNeeds {
    switch switches.base {
    case .masked: ObjectiveNeeds(columns: .children, constraint: .before)
    case .full: ObjectiveNeeds(columns: .vocabulary, constraint: .after)
    }
  }

  /// Computes the loss of some answers.
  ///
  /// - Returns: a sum in nats; the weight is Σ w_t, or what `normalise` says, and in the paper's
  ///   form the number of samples.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the logits that ``needs`` names.
  public func loss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    switch switches.form {
    case .code: try weightedLoss(batch)
    case .paper: try regularisedLoss(batch)
    }
  }

  private func weightedLoss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let rows = batch.rowsWithChoice
    let (logProbabilities, weights) = try weights(of: batch, rows: rows)
    let sum = (-logProbabilities * weights).sum()
    return switch switches.normaliser {
    case .weights: LossTerms(sum: sum, weight: weights.sum())
    case .multiChild: LossTerms(sum: sum, weight: Float(rows.count))
    case .allTokens: LossTerms(sum: sum, weight: Float(batch.rowCount))
    case .sum: LossTerms(sum: sum, weight: Float(batch.sampleCount))
    }
  }

  /// `[rows]`: w_t of the code's form; 1 for a forced token.
  public func tokenFactors(_ batch: AnswerBatch) throws -> [Float] {
    let rows = batch.rowsWithChoice
    let weights = try weights(of: batch, rows: rows).weights.scalars
    var factors = [Float](repeating: 1, count: batch.rowCount)
    for (row, weight) in zip(rows, weights) { factors[row] = weight }
    return factors
  }

  public func requireFactors(with needs: ObjectiveNeeds) throws {
    try switches.requireFactors(with: needs)
  }

  /// The targets' log-probabilities, and w_t of the code's form.
  private func weights(
    of batch: AnswerBatch, rows: [Int]
  ) throws(AnswerBatchError) -> (logProbabilities: Tensor, weights: Tensor) {
    let (logProbabilities, margins, isShort) = try margins(of: batch, rows: rows)
    let constant = margins.detached()
    let emphasis =
      switch switches.surrogate {
      case .logSigmoid: (-constant).sigmoid()
      case .softplus: constant.sigmoid()
      }
    return (logProbabilities, 1 + beamWeight * replacing(emphasis, where: isShort))
  }

  private func regularisedLoss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let (logProbabilities, margins, isShort) = try margins(
      of: batch, rows: Array(batch.targets.indices))
    let regulariser =
      switch switches.surrogate {
      case .logSigmoid: margins.logSigmoid()
      case .softplus: margins.softplus()
      }
    let sum = (beamWeight * replacing(regulariser, where: isShort) - logProbabilities).sum()
    return LossTerms(sum: sum, weight: Float(batch.sampleCount))
  }

  /// The targets' log-probabilities, Δ_t / ξ, and which rows have fewer than K tokens.
  private func margins(
    of batch: AnswerBatch, rows: [Int]
  ) throws(AnswerBatchError) -> (logProbabilities: Tensor, margins: Tensor, isShort: [Bool]) {
    let all = try switches.base == .masked ? batch.childLogits : batch.vocabularyLogits
    let logits = (rows.count == all.rowCount ? all : all.rows(at: rows)) / temperature
    let normaliser = logits.logSumExp()
    let logProbabilities = logits.targets - normaliser
    let competitors = competitors(among: logits, allowed: rows.map { batch.allowed[$0] })
    var threshold = competitors.rowKthLargest(beamWidth) - normaliser  // log β
    if switches.betaGradient == .stop { threshold = threshold.detached() }
    return (
      logProbabilities, (threshold - logProbabilities) / beamTemperature,
      rows.indices.map { competitors.length(of: $0) < beamWidth }
    )
  }

  /// The logits among which the threshold is the K-th largest.
  private func competitors(
    among logits: RaggedRows, allowed: [ArraySlice<Int32>]
  ) -> RaggedRows {
    guard switches.base == .full, switches.betaOver == .valid else { return logits }
    let places = allowed.enumerated().flatMap { row, tokens in
      tokens.map { logits.offsets[row] + Int($0) }
    }
    // The threshold does not depend on the targets.
    return RaggedRows(
      values: logits.values.gathered(at: places),
      offsets: RaggedRows.offsets(ofLengths: allowed.map(\.count)),
      targets: allowed.map { _ in 0 })
  }

  /// Puts what `fewer` says in place of the rows with fewer than K tokens.
  private func replacing(_ values: Tensor, where isShort: [Bool]) -> Tensor {
    let substitute: Float
    switch switches.fewer {
    case .minValid: return values
    case .skip: substitute = 0
    // σ of an infinite margin, on the side that the surrogate emphasises or not.
    case .satisfied: substitute = switches.surrogate == .logSigmoid ? 1 : 0
    }
    let kept = Tensor(isShort.map { $0 ? 0 : 1 }, shape: [isShort.count])
    return values * kept + substitute * (1 - kept)
  }

  private static func choice<Switch>(
    _ name: String, _ value: Switch, _ summary: String
  ) -> Parameter where Switch: CaseIterable & RawRepresentable, Switch.RawValue == String {
    .choice(name, default: value.rawValue, of: Switch.allCases.map(\.rawValue), summary)
  }
}

/// Registers the objective `bear`.
public enum BEARModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "bear", BEARObjective.self)
  }
}
