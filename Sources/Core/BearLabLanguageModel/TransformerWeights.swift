internal import BearLabNN
internal import BearLabTensor

/// The frozen weights of one block; what is multiplied by the same input is one matrix.
struct BlockWeights {
  let attentionNorm: Buffer
  /// `[query + key + value, D]`.
  let queryKeyValue: FixedMatrix
  /// `[D, query]`.
  let output: FixedMatrix
  let feedForwardNorm: Buffer
  /// `[2 × feed-forward, D]`: gate, then up.
  let gateUp: FixedMatrix
  /// `[D, feed-forward]`.
  let down: FixedMatrix
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
    read: (WeightName) throws -> [Float]
  ) throws {
    self = try withoutActuallyEscaping(read) { read in
      try TransformerWeights(
        shape: shape, tiedHead: tiedHead, precision: precision, reader: WeightReader(read: read))
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
    output = FixedMatrix(try stacked(.output), precision: precision)
    feedForwardNorm = try reader.vector(.feedForwardNorm(layer: layer), count: shape.width)
    gateUp = FixedMatrix(
      try stacked(.gate, .up), precision: precision, outputPanels: panels + upPanels)
    down = FixedMatrix(try stacked(.down), precision: precision, inputPanels: panels)
  }
}

/// Reads weights and checks their sizes.
private struct WeightReader {
  let read: (WeightName) throws -> [Float]

  func vector(_ name: WeightName, count: Int) throws -> Buffer {
    Buffer(try checked(name, count: count))
  }

  /// Matrices of one width, one below the other.
  func matrix(_ parts: [(name: WeightName, rows: Int)], columns: Int) throws -> Matrix {
    let whole = Matrix(rows: parts.reduce(0) { $0 + $1.rows }, columns: columns)
    var start = 0
    for part in parts {
      let numbers = Buffer(try checked(part.name, count: part.rows * columns))
      whole.rows(start..<start + part.rows).copy(
        from: Matrix(numbers, rows: part.rows, columns: columns))
      start += part.rows
    }
    return whole
  }

  private func checked(_ name: WeightName, count: Int) throws -> [Float] {
    let numbers = try read(name)
    guard numbers.count == count else {
      throw LanguageModelError.wrongSize(
        weight: "\(name)", count: numbers.count, expected: count)
    }
    return numbers
  }
}
