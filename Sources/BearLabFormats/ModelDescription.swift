public import BearLabLanguageModel

/// The sizes, constants and features of a language model, from the metadata of its file.
public struct ModelDescription: Sendable, Equatable {
  public let architecture: ModelArchitecture
  public let blockCount: Int
  /// D, of the residual stream.
  public let width: Int
  public let feedForwardWidth: Int
  /// H, of the queries.
  public let headCount: Int
  /// Of keys and values; divides ``headCount``.
  public let kvHeadCount: Int
  public let headWidth: Int
  /// ε of the root-mean-square norms.
  public let normEpsilon: Float
  /// θ, the base of the rotary frequencies.
  public let ropeTheta: Float
  public let ropeScaling: RotaryScaling
  public let attentionBias: AttentionBias
  /// Whether each head of Q and K is normalised before it is rotated.
  public let normalisesQueriesAndKeys: Bool
  /// In tokens.
  public let contextLength: Int
  /// V, in tokens.
  public let vocabularySize: Int
  /// Whether the head is the embedding.
  public let tiedEmbeddings: Bool

  /// Far beyond any model, and small enough that products of two sizes do not overflow.
  static let largestSize = 1 << 28

  /// What the language model is made by.
  public var shape: LanguageModelShape {
    LanguageModelShape(
      layerCount: blockCount, width: width, feedForwardWidth: feedForwardWidth,
      headCount: headCount, kvHeadCount: kvHeadCount, headWidth: headWidth,
      vocabularySize: vocabularySize, contextLength: contextLength, normEpsilon: normEpsilon,
      ropeTheta: Double(ropeTheta), ropeScaling: ropeScaling, attentionBias: attentionBias,
      normalisesQueriesAndKeys: normalisesQueriesAndKeys)
  }
}

/// The families of models that can be read, by their name in GGUF files and in `config.json`.
public enum ModelArchitecture: String, Sendable, CaseIterable {
  case llama, qwen2, qwen3

  /// What messages say is supported.
  static let supported = allCases.map { "architecture \($0.rawValue)" }
}
