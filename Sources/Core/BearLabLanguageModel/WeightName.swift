public import BearLabNN

/// A weight of the model, in Hugging Face's row order; matrices are `[out, in]`.
public enum WeightName: Sendable, Hashable {
  /// `[vocabulary, D]`.
  case embedding
  /// `[D]`.
  case attentionNorm(layer: Int)
  /// `[D]`.
  case feedForwardNorm(layer: Int)
  case projection(Projection, layer: Int)
  /// `[out]`.
  case bias(Projection, layer: Int)
  /// `[headWidth]`, for every head of Q.
  case queryNorm(layer: Int)
  /// `[headWidth]`, for every head of K.
  case keyNorm(layer: Int)
  /// `[D]`.
  case finalNorm
  /// `[vocabulary, D]`; the embedding's where the two are tied.
  case head
}

extension LanguageModelShape {
  /// All weights of a model of this shape, the embedding first.
  public func weightNames(tiedHead: Bool) -> [WeightName] {
    [.embedding] + (0..<layerCount).flatMap { weightNames(layer: $0) } + [.finalNorm]
      + (tiedHead ? [] : [.head])
  }

  /// The weights of one layer.
  public func weightNames(layer: Int) -> [WeightName] {
    [.attentionNorm(layer: layer), .feedForwardNorm(layer: layer)]
      + Projection.allCases.map { .projection($0, layer: layer) }
      + attentionBias.projections.map { .bias($0, layer: layer) }
      + (normalisesQueriesAndKeys ? [.queryNorm(layer: layer), .keyNorm(layer: layer)] : [])
  }

  /// The extents of a weight, row-major.
  public func extents(of name: WeightName) -> [Int] {
    switch name {
    case .embedding, .head: [vocabularySize, width]
    case .finalNorm, .attentionNorm, .feedForwardNorm: [width]
    case .queryNorm, .keyNorm: [headWidth]
    case .bias(let projection, _): [size(of: projection).outputs]
    case .projection(let projection, _):
      [size(of: projection).outputs, size(of: projection).inputs]
    }
  }
}
