public import BearLabNN

/// The sizes and the features of a decoder-only transformer of the families Llama, Qwen2 and Qwen3.
public struct LanguageModelShape: Sendable, Hashable {
  public var layerCount: Int
  /// D, the width of the residual stream.
  public var width: Int
  public var feedForwardWidth: Int
  public var headCount: Int
  /// Key and value heads; each serves `headCount / kvHeadCount` query heads.
  public var kvHeadCount: Int
  public var headWidth: Int
  public var vocabularySize: Int
  /// The most positions that the model was made for.
  public var contextLength: Int
  /// Added to the mean square in norms.
  public var normEpsilon: Float
  /// The base of the rotary frequencies.
  public var ropeTheta: Double
  /// How the rotary frequencies differ from those of the base alone.
  public var ropeScaling: RotaryScaling
  /// Which projections of attention add a bias.
  public var attentionBias: AttentionBias
  /// Whether each head of Q and K is normalised before it is rotated (Qwen3).
  public var normalisesQueriesAndKeys: Bool

  /// Creates a shape; without features unless they are given.
  public init(
    layerCount: Int, width: Int, feedForwardWidth: Int, headCount: Int, kvHeadCount: Int,
    headWidth: Int, vocabularySize: Int, contextLength: Int, normEpsilon: Float, ropeTheta: Double,
    ropeScaling: RotaryScaling = .none, attentionBias: AttentionBias = .none,
    normalisesQueriesAndKeys: Bool = false
  ) {
    self.layerCount = layerCount
    self.width = width
    self.feedForwardWidth = feedForwardWidth
    self.headCount = headCount
    self.kvHeadCount = kvHeadCount
    self.headWidth = headWidth
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.normEpsilon = normEpsilon
    self.ropeTheta = ropeTheta
    self.ropeScaling = ropeScaling
    self.attentionBias = attentionBias
    self.normalisesQueriesAndKeys = normalisesQueriesAndKeys
  }

  /// heads × head width.
  package var queryWidth: Int { headCount * headWidth }
  /// kvHeads × head width.
  package var kvWidth: Int { kvHeadCount * headWidth }

  /// Inputs and outputs of a linear layer.
  public func size(of projection: Projection) -> (inputs: Int, outputs: Int) {
    switch projection {
    case .query: (width, queryWidth)
    case .key, .value: (width, kvWidth)
    case .output: (queryWidth, width)
    case .gate, .up: (width, feedForwardWidth)
    case .down: (feedForwardWidth, width)
    }
  }

  /// The columns of a projection in the stacked product that it is part of.
  func columns(of projection: Projection) -> Range<Int> {
    let start =
      switch projection {
      case .key: queryWidth
      case .value: queryWidth + kvWidth
      case .up: feedForwardWidth
      case .query, .output, .gate, .down: 0
      }
    return start..<start + size(of: projection).outputs
  }

  /// The parts in which the feed-forward layer is computed, the first the widest: so wide that
  /// products are fast, and so narrow that a tile's gate and up stay in the cache.
  public var feedForwardPanels: [Range<Int>] {
    let count = (feedForwardWidth + 511) / 512
    // Whole cache lines of dropout bits.
    let width = (feedForwardWidth / count + 63) / 64 * 64
    return stride(from: 0, to: feedForwardWidth, by: width).map { start in
      start..<min(start + width, feedForwardWidth)
    }
  }
}

/// The projections of attention that add a frozen bias to their outputs.
public enum AttentionBias: Sendable, Hashable {
  case none
  /// Of Q, K and V, as Qwen2 has it.
  case queryKeyValue
  /// Of the output projection too: `attention_bias` of Llama and Qwen3.
  case all

  /// Those with a bias.
  public var projections: [Projection] {
    switch self {
    case .none: []
    case .queryKeyValue: [.query, .key, .value]
    case .all: [.query, .key, .value, .output]
    }
  }
}
