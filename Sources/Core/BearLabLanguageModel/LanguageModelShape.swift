public import BearLabErrors
public import BearLabNN

/// The sizes of a decoder-only transformer of the Llama family.
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

  /// Creates a shape.
  public init(
    layerCount: Int, width: Int, feedForwardWidth: Int, headCount: Int, kvHeadCount: Int,
    headWidth: Int, vocabularySize: Int, contextLength: Int, normEpsilon: Float, ropeTheta: Double
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

  /// θ^(-2i / headWidth) for i below headWidth / 2, in radians a position.
  var inverseFrequencies: [Double] {
    (0..<headWidth / 2).map { index in
      1 / power(Float(ropeTheta), Float(2 * index) / Float(headWidth))
    }
  }
}

/// A weight of the model, in Hugging Face's row order; matrices are `[out, in]`.
public enum WeightName: Sendable, Hashable {
  /// `[vocabulary, D]`.
  case embedding
  /// `[D]`.
  case attentionNorm(layer: Int)
  /// `[D]`.
  case feedForwardNorm(layer: Int)
  case projection(Projection, layer: Int)
  /// `[D]`.
  case finalNorm
  /// `[vocabulary, D]`; the embedding's where the two are tied.
  case head
}

/// What can be wrong with a model's weights or with what it is given.
public enum LanguageModelError: BearLabError, Equatable {
  case wrongSize(weight: String, count: Int, expected: Int)
  case tooLong(positions: Int, contextLength: Int)
  case unknownToken(token: Int, vocabularySize: Int)
  case memoryLimit(limit: Int, needed: Int, rows: Int)

  public var description: String {
    switch self {
    case .wrongSize(let weight, let count, let expected):
      "weight \(weight) has \(count) numbers; the shape asks for \(expected)"
    case .tooLong(let positions, let contextLength):
      "a path of \(positions) tokens is longer than the model's context of \(contextLength)"
    case .unknownToken(let token, let vocabularySize):
      "token \(token) is outside of the vocabulary of \(vocabularySize)"
    case .memoryLimit(let limit, let needed, let rows):
      "\(rows) tokens at once take \(Self.mebibytes(needed)) MiB of memory even where every layer is "
        + "computed again; the limit is \(limit >> 20) MiB"
    }
  }

  public var remedy: String {
    switch self {
    case .wrongSize: "use a file whose metadata and tensors belong together"
    case .tooLong: "shorten the history or the titles, or use a model with a longer context"
    case .unknownToken: "use the tokenizer that belongs to the model"
    case .memoryLimit(_, let needed, _):
      "set memory-limit to \(Self.mebibytes(needed))M or more, or compute fewer tokens at once: "
        + "training.micro-batch or evaluation.batch-size"
    }
  }

  /// Rounded up.
  private static func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
