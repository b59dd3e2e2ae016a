public import BearLabCore
public import BearLabTensor

/// A trained encoder as a recommender.
public final class SequentialRecommender: FittedRecommender {
  private let encoder: any SequenceEncoder
  private let maxLength: Int
  /// Histories that are encoded together.
  private static let batchSize = 256

  /// Takes a trained encoder over.
  public init(_ encoder: any SequenceEncoder, maxLength: Int) {
    self.encoder = encoder
    self.maxLength = maxLength
  }

  /// Takes stored weights over into a fresh encoder.
  ///
  /// - Throws: `StoredTensorError`.
  public convenience init(
    _ encoder: any SequenceEncoder, maxLength: Int, restoring tensors: StoredTensors
  ) throws(StoredTensorError) {
    try tensors.restore(encoder.parameters)
    self.init(encoder, maxLength: maxLength)
  }

  public func scores(histories: [[Int]]) throws -> [[Float]] {
    let items = encoder.itemCount
    var rows: [[Float]] = []
    try forEachBatch(histories) { batch in
      let flat = scores(of: batch).scalars
      rows += batch.indices.map { Array(flat[$0 * items..<($0 + 1) * items]) }
    }
    return rows
  }

  /// Calls `body` with batches of histories, cut to what the encoder takes.
  ///
  /// - Throws: ``SequentialError/unknownItem(_:row:items:)``, and what `body` throws.
  private func forEachBatch(_ histories: [[Int]], _ body: ([[Int]]) throws -> Void) throws {
    try SequentialError.requireItems(histories, below: encoder.itemCount)
    for start in stride(from: 0, to: histories.count, by: Self.batchSize) {
      let batch = histories[start..<min(start + Self.batchSize, histories.count)]
      try body(batch.map { $0.suffix(maxLength) })
    }
  }

  /// The scores of all items for histories that the encoder takes, `[histories, items]`.
  func scores(of histories: [[Int]]) -> Tensor {
    encoder.head(encoder.encode(histories, positions: .last, dropout: DropoutSource()).detached())
  }

  public var itemEmbeddings: Tensor? { encoder.itemTable.detached() }

  /// Nil where the items are scored by another table than their embeddings.
  public func userVectors(histories: [[Int]]) throws -> Tensor? {
    guard encoder.isTied else { return nil }
    var parts: [Tensor] = []
    try forEachBatch(histories) {
      parts.append(
        encoder.encode($0, positions: .last, dropout: DropoutSource()).detached())
    }
    return .concatenatingRows(parts)
  }

  public var tensors: [(name: String, tensor: Tensor)] {
    encoder.parameters.map { ($0.name, $0.tensor.detached()) }
  }
}
