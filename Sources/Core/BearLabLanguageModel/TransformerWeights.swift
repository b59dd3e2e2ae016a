internal import BearLabNN
internal import BearLabTensor

/// The frozen weights of one block; what is multiplied by the same input is one matrix.
struct BlockWeights {
  let attentionNorm: Buffer
  /// `[query + key + value, D]`.
  let queryKeyValue: FixedMatrix
  /// `[query + key + value]`; nil without bias.
  let queryKeyValueBias: Buffer?
  /// `[headWidth]` each; nil where heads are not normalised.
  let headNorms: HeadNorms?
  /// `[D, query]`.
  let output: FixedMatrix
  /// `[D]`; nil without bias.
  let outputBias: Buffer?
  let feedForwardNorm: Buffer
  /// `[2 × feed-forward, D]`: gate, then up.
  let gateUp: FixedMatrix
  /// `[D, feed-forward]`.
  let down: FixedMatrix
}

/// What each head of Q and of K is multiplied by, once it is normalised.
struct HeadNorms {
  let query: Buffer
  let key: Buffer
}

/// All frozen weights of a model.
struct TransformerWeights {
  let embedding: Matrix
  let blocks: [BlockWeights]
  let finalNorm: Buffer
  let head: Head

  /// Reads every weight once.
  init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision,
    fill: (WeightName, inout MutableSpan<Float>) throws -> Void
  ) throws {
    self = try withoutActuallyEscaping(fill) { fill in
      try TransformerWeights(
        shape: shape, tiedHead: tiedHead, precision: precision, reader: WeightReader(fill: fill))
    }
  }

  private init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision, reader: WeightReader
  ) throws {
    let vocabulary = shape.vocabularySize
    let embedding = try reader.matrix([(.embedding, vocabulary)], columns: shape.width)
    self.embedding = embedding
    blocks = try (0..<shape.layerCount).map { layer in
      try BlockWeights(shape: shape, layer: layer, precision: precision, reader: reader)
    }
    finalNorm = try reader.vector(.finalNorm, count: shape.width)
    head = Head(
      tiedHead ? embedding : try reader.matrix([(.head, vocabulary)], columns: shape.width),
      precision: precision)
  }

  /// Packs what the backward pass multiplies by, where that was not done before.
  func prepareBackward() {
    let matrices = blocks.flatMap { [$0.queryKeyValue, $0.output, $0.gateUp, $0.down] }
    Compute.split(matrices.count) { range in
      for matrix in matrices[range] { matrix.prepareTransposed() }
    }
  }
}

extension BlockWeights {
  fileprivate init(
    shape: LanguageModelShape, layer: Int, precision: Precision, reader: WeightReader
  ) throws {
    func stacked(_ projections: Projection...) throws -> Matrix {
      try reader.matrix(
        projections.map { (.projection($0, layer: layer), shape.size(of: $0).outputs) },
        columns: shape.size(of: projections[0]).inputs)
    }
    let panels = shape.feedForwardPanels
    let upPanels = panels.map {
      $0.lowerBound + shape.feedForwardWidth..<$0.upperBound + shape.feedForwardWidth
    }
    attentionNorm = try reader.vector(.attentionNorm(layer: layer), count: shape.width)
    queryKeyValue = FixedMatrix(try stacked(.query, .key, .value), precision: precision)
    queryKeyValueBias = try reader.bias([.query, .key, .value], layer: layer, shape)
    headNorms =
      shape.normalisesQueriesAndKeys
      ? HeadNorms(
        query: try reader.vector(.queryNorm(layer: layer), count: shape.headWidth),
        key: try reader.vector(.keyNorm(layer: layer), count: shape.headWidth)) : nil
    output = FixedMatrix(try stacked(.output), precision: precision)
    outputBias = try reader.bias([.output], layer: layer, shape)
    feedForwardNorm = try reader.vector(.feedForwardNorm(layer: layer), count: shape.width)
    gateUp = FixedMatrix(
      try stacked(.gate, .up), precision: precision, outputPanels: panels + upPanels)
    down = FixedMatrix(try stacked(.down), precision: precision, inputPanels: panels)
  }
}

/// Has weights written to memory of the model.
private struct WeightReader {
  let fill: (WeightName, inout MutableSpan<Float>) throws -> Void

  func vector(_ name: WeightName, count: Int) throws -> Buffer {
    let buffer = Buffer(count: count, zeroed: false)
    try buffer.withMutableSpan(0..<count) { try fill(name, &$0) }
    return buffer
  }

  /// The biases of some projections, one behind the other; nil where the model has none.
  func bias(_ projections: [Projection], layer: Int, _ shape: LanguageModelShape) throws -> Buffer?
  {
    guard projections.allSatisfy(shape.attentionBias.projections.contains) else { return nil }
    return try matrix(
      projections.map { (.bias($0, layer: layer), shape.size(of: $0).outputs) }, columns: 1
    ).buffer
  }

  /// Matrices of one width, one below the other.
  func matrix(_ parts: [(name: WeightName, rows: Int)], columns: Int) throws -> Matrix {
    let whole = Matrix(rows: parts.reduce(0) { $0 + $1.rows }, columns: columns)
    var start = 0
    for part in parts {
      let end = start + part.rows * columns
      try whole.buffer.withMutableSpan(start..<end) { try fill(part.name, &$0) }
      start = end
    }
    return whole
  }
}
