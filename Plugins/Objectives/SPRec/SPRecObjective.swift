public import BearLabCore
internal import BearLabTensor

/// Self-play: epochs of fine-tuning in turn with epochs of DPO against the model's own answers.
///
///     epochs 0, 2, 4, …   loss = Σ −log softmax(z_t)[y_t] / tokens
///     epochs 1, 3, 5, …   loss = Σ −log σ(β (r(y_w) − r(y_l))) / pairs
///
/// y_l is what the model answers by itself at the start of the two epochs, and the reference of r is the
/// model at the start of the DPO epoch: its loss begins at ln 2. An iteration of the paper is two
/// epochs here. A sample whose negative is missing is left out of a DPO epoch.
///
/// - Source: Gao et al., "SPRec: Self-Play to Debias LLM-based Recommendation", WWW 2025;
///   RegionCh/SPRec. In difference to that code, fine-tuning leaves the prompt out of the loss, all
///   prompts are the same, and an iteration takes the run's training samples, not 2048 new ones.
public struct SPRecObjective: Objective {
  private let beta: Float  // β
  private let dropsEqual: Bool
  private var isTuning = false

  public static let summary = "self-play: fine-tuning and DPO against its own answers, in turn"
  public static let citation = "Gao et al., SPRec, WWW 2025; RegionCh/SPRec"
  public static let parameters: [Parameter] = [
    .real(
      "beta", default: 0.1, in: 0.0001..., "β: how dearly the model pays for leaving the reference"),
    .flag(
      "drop-equal", default: false,
      "whether a pair is left out whose own answer is the right one; else its loss is ln 2"),
  ]

  public init(_ values: ParameterValues) throws {
    beta = try values["beta"]
    dropsEqual = try values["drop-equal"]
  }

  /// Those of the epoch under way; before training those of a DPO epoch.
  public var needs: ObjectiveNeeds {
    if isTuning { return ObjectiveNeeds(columns: .targets, constraint: .after) }
    return ObjectiveNeeds(
      columns: .targets,
      negatives: ObjectiveNeeds.Negatives(count: 1, sampler: "self-play", period: 2),
      reference: .epochStart, constraint: .after)
  }

  public mutating func epochBegins(_ epoch: Int) {
    isTuning = epoch.isMultiple(of: 2)
  }

  /// Computes the loss of the epoch under way.
  ///
  /// - Returns: a sum in nats; the weight is the number of tokens, in a DPO epoch that of pairs.
  /// - Throws: `AnswerBatchError` or `PreferenceError` where ``needs`` was not met.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    if isTuning {
      let logProbabilities = try batch.tokenLogProbabilities
      return LossTerms(sum: -logProbabilities.sum(), weight: Float(batch.rowCount))
    }
    let pairs = batch.preferences.filter { !dropsEqual || !isEqual($0, in: batch) }
    let losses = AnswerBatch.preferenceLosses(
      pairs, rewards: try batch.rewards(batch.answerLogProbabilities), beta: beta)
    return LossTerms(sum: losses.sum(), weight: Float(pairs.count))
  }

  /// Whether the negative has the positive's tokens.
  private func isEqual(_ pair: AnswerBatch.Preference, in batch: AnswerBatch) -> Bool {
    let positive = batch.targets[batch.answers[pair.positive].rows]
    return pair.negatives.allSatisfy { batch.targets[batch.answers[$0].rows] == positive }
  }
}

/// Registers the objective `sprec`.
public enum SPRecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "sprec", SPRecObjective.self)
  }
}
