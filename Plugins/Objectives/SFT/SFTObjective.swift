public import BearLabCore
internal import BearLabTensor

/// Cross-entropy over the whole vocabulary: supervised fine-tuning.
///
///     loss = Σ_t −log softmax(z_t / τ)[y_t] / T
///
/// The soft-max does not know the item trie, so decoding applies the constraint after it.
///
/// - Source: BEAR, equation 2.1 (there a sum over tokens); Tiny-Snow/BEAR-SIGIR-2026 calls it LML
///   and takes the mean over tokens, as here.
public struct SFTObjective: TokenWeightedObjective {
  private let temperature: Float  // τ

  public static let summary = "cross-entropy over the whole vocabulary"
  public static let citation = "BEAR, SIGIR 2026, equation 2.1; 'LML' in its code"
  public static let parameters: [Parameter] = [
    .real("tau", default: 1, in: 0.01..., "temperature of the soft-max")
  ]

  /// A temperature needs the logits that it divides.
  public var needs: ObjectiveNeeds {
    ObjectiveNeeds(columns: temperature == 1 ? .targets : .vocabulary, constraint: .after)
  }

  public init(_ values: ParameterValues) throws {
    temperature = try values["tau"]
  }

  /// Computes the summed cross-entropy of some answers.
  ///
  /// - Returns: a sum in nats over all answer tokens, each times its factor; the weight is the sum of
  ///   the factors, without them the number of tokens.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the vocabulary's logits.
  public func loss(_ batch: AnswerBatch, factors: [Float]) throws(AnswerBatchError) -> LossTerms {
    let logProbabilities =
      try temperature == 1
      ? batch.tokenLogProbabilities
      : (batch.vocabularyLogits / temperature).targetLogProbabilities()
    return LossTerms(losses: -logProbabilities, weights: factors)
  }
}

/// Registers the objective `sft`.
public enum SFTModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "sft", SFTObjective.self)
  }
}
