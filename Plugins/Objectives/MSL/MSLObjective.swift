public import BearLabCore
internal import BearLabTensor

/// Masked soft-max loss: cross-entropy over the tokens that the item trie allows.
///
///     loss = Σ_t −log softmax_{v ∈ C_t}(z_t / τ)[y_t] / T
///
/// A forced token (n_t = 1) has loss 0, but counts in T: the mean is over all answer tokens.
///
/// - Source: WANGBohaO-jpg/MSL; τ and the decoding constraint as in Tiny-Snow/BEAR-SIGIR-2026.
public struct MSLObjective: Objective {
  private let temperature: Float  // τ

  public static let summary = "cross-entropy over the tokens that the item trie allows"
  public static let citation = "MSL, the masked soft-max loss; WANGBohaO-jpg/MSL"
  public static let parameters: [Parameter] = [
    .real("tau", default: 1, in: 0.01..., "temperature of the soft-max")
  ]

  public let needs = ObjectiveNeeds(columns: .children, constraint: .before)

  public init(_ values: ParameterValues) throws {
    temperature = try values["tau"]
  }

  /// Computes the summed masked cross-entropy of some answers.
  ///
  /// - Returns: a sum in nats; the weight is the number of all answer tokens, forced ones included.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the children's logits.
  public func loss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let choices = try batch.childLogits.rows(at: batch.rowsWithChoice)
    let logProbabilities = (choices / temperature).targetLogProbabilities()
    return LossTerms(sum: -logProbabilities.sum(), weight: Float(batch.rowCount))
  }
}

/// Registers the objective `msl`.
public enum MSLModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "msl", MSLObjective.self)
  }
}
