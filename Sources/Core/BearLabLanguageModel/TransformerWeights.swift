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
  let head: FixedMatrix

  /// Reads every weight once.
  init(
    shape: LanguageModelShape, tiedHead: Bool, read: (WeightName) throws -> [Float]
  ) throws {
    self = try withoutActuallyEscaping(read) { read in
      try TransformerWeights(shape: shape, tiedHead: tiedHead, reader: WeightReader(read: read))
    }
  }

  private init(shape: LanguageModelShape, tiedHead: Bool, reader: WeightReader) throws {
    let vocabulary = shape.vocabularySize
    let embedding = try reader.matrix([(.embedding, vocabulary)], columns: shape.width)
    self.embedding = embedding
    blocks = try (0..<shape.layerCount).map { layer in
      try BlockWeights(shape: shape, layer: layer, reader: reader)
    }
    finalNorm = try reader.vector(.finalNorm, count: shape.width)
    head = FixedMatrix(
      tiedHead ? embedding : try reader.matrix([(.head, vocabulary)], columns: shape.width))
  }
}

extension BlockWeights {
  fileprivate init(shape: LanguageModelShape, layer: Int, reader: WeightReader) throws {
    func stacked(_ projections: Projection...) throws -> FixedMatrix {
      FixedMatrix(
        try reader.matrix(
          projections.map { (.projection($0, layer: layer), shape.size(of: $0).outputs) },
          columns: shape.size(of: projections[0]).inputs))
    }
    attentionNorm = try reader.vector(.attentionNorm(layer: layer), count: shape.width)
    queryKeyValue = try stacked(.query, .key, .value)
    output = try stacked(.output)
    feedForwardNorm = try reader.vector(.feedForwardNorm(layer: layer), count: shape.width)
    gateUp = try stacked(.gate, .up)
    down = try stacked(.down)
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
