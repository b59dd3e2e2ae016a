internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// A network whose input has what a language model makes of the items added to it.
///
///     input of item i = E[i] + w (W e_i + b);   padding has e = 0
///
/// While it learns, W and b are trained beside the network; afterwards the sums w (W e_i + b) are
/// all that is kept of the language model.
final class StudentEncoder: SequenceEncoder {
  private let base: any ItemInputEncoder
  private let added: [(name: String, tensor: Tensor)]

  /// A student that learns a projection.
  ///
  /// - Parameters:
  ///   - base: the network.
  ///   - vectors: of the language model, `[items, width of the language model]`.
  ///   - weight: w.
  ///   - key: of the projection's numbers.
  init(_ base: any ItemInputEncoder, vectors: Tensor, weight: Float, key: UInt64) {
    let projection = Linear(inputs: vectors.shape[1], outputs: base.itemTable.shape[1], key: key)
    self.base = base
    added = projection.parameters(under: "projection")
    base.itemAddend = { projection(vectors.rows(at: $0)) * weight }
  }

  /// A student that has learned.
  ///
  /// - Parameters:
  ///   - base: the network.
  ///   - table: what is added, `[items + 1, width]`, its last row for padding.
  init(_ base: any ItemInputEncoder, table: Tensor) {
    self.base = base
    added = [("language-model", table)]
    let padding = table.shape[0] - 1
    base.itemAddend = { indices in table.rows(at: indices.map { $0 < 0 ? padding : $0 }) }
  }

  /// What is added to each item's embedding, and last to padding's, `[items + 1, width]`.
  var addedTable: Tensor? { base.itemAddend?(Array(0..<itemCount) + [-1]).detached() }

  var itemTable: Tensor { base.itemTable }
  var head: Linear { base.head }
  var parameters: [(name: String, tensor: Tensor)] { base.parameters + added }

  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    base.encode(histories, positions: positions, dropout: dropout)
  }
}
