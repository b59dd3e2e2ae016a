public import BearLabCore
internal import BearLabTensor

/// Direct preference optimisation against the frozen model that training began with.
///
///     r(y)  = log P(y | x) − log P_ref(y | x)         over the vocabulary, EOS included
///     loss  = Σ −log σ(β (r(y_w) − r(y_l))) / samples
///
/// A sample without a negative has loss 0 and counts in the mean.
///
/// - Source: Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a
///   Reward Model", NeurIPS 2023, equation 7.
public struct DPOObjective: Objective {
  private let beta: Float  // β

  public static let summary = "direct preference optimisation: right answer against a wrong one"
  public static let citation = "Rafailov et al., Direct Preference Optimization, NeurIPS 2023"
  public static let parameters: [Parameter] = [beta(default: 0.1)]

  public let needs = ObjectiveNeeds(
    columns: .targets, negatives: ObjectiveNeeds.Negatives(count: 1, sampler: "uniform"),
    reference: .initial, constraint: .after)

  public init(_ values: ParameterValues) throws {
    beta = try values["beta"]
  }

  /// Computes the preference loss of some samples.
  ///
  /// - Returns: a sum in nats; the weight is the number of samples.
  /// - Throws: `AnswerBatchError` or `PreferenceError` where ``needs`` was not met.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    try preferenceLoss(batch, beta: beta)
  }

  static func beta(default value: Double) -> Parameter {
    .real(
      "beta", default: value, in: 0.0001...,
      "β: how dearly the model pays for leaving the reference")
  }
}

/// Direct preference optimisation with several negatives at once, through a soft-max.
///
///     loss = Σ −log σ(−log Σ_j exp(β (r(y_j) − r(y_w)))) / samples
///
/// With one negative this is DPO. Where a sample has fewer negatives, those that it has are used; one
/// without any has loss 0 and counts in the mean.
///
/// - Source: Chen et al., "On Softmax Direct Preference Optimization for Recommendation", NeurIPS
///   2024; chenyuxin1999/S-DPO, whose scripts have β = 1 and its code's default 0.1.
public struct SDPOObjective: Objective {
  private let beta: Float  // β
  private let negatives: Int

  public static let summary = "soft-max DPO: the right answer against several wrong ones at once"
  public static let citation = "Chen et al., S-DPO, NeurIPS 2024; chenyuxin1999/S-DPO"
  public static let parameters: [Parameter] = [
    DPOObjective.beta(default: 1),
    .integer("negatives", default: 3, in: 1...1000, unit: "answers", "negatives of a sample"),
  ]

  public var needs: ObjectiveNeeds {
    ObjectiveNeeds(
      columns: .targets,
      negatives: ObjectiveNeeds.Negatives(count: negatives, sampler: "uniform"),
      reference: .initial, constraint: .after)
  }

  public init(_ values: ParameterValues) throws {
    beta = try values["beta"]
    negatives = try values["negatives"]
  }

  /// Computes the preference loss of some samples.
  ///
  /// - Returns: a sum in nats; the weight is the number of samples.
  /// - Throws: `AnswerBatchError` or `PreferenceError` where ``needs`` was not met.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    try preferenceLoss(batch, beta: beta)
  }
}

private func preferenceLoss(_ batch: AnswerBatch, beta: Float) throws -> LossTerms {
  let rewards = try batch.rewards(batch.answerLogProbabilities)
  let losses = AnswerBatch.preferenceLosses(batch.preferences, rewards: rewards, beta: beta)
  return LossTerms(sum: losses.sum(), weight: Float(batch.sampleCount))
}

/// Registers the objectives `dpo` and `s-dpo`.
public enum DPOModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "dpo", DPOObjective.self)
    try registry.register(objective: "s-dpo", SDPOObjective.self)
  }
}
