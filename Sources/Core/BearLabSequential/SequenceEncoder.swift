public import BearLabNN
public import BearLabTensor

/// Where a sequence has outputs.
public enum OutputPositions: String, Sendable {
  /// Behind the last item alone.
  case last
  /// Behind each item.
  case all
}

/// A network from histories to vectors, and the linear layer that scores the items by them.
public protocol SequenceEncoder: AnyObject {
  /// The items' embeddings, `[items, width]` with item i + 1 in row i.
  var itemTable: Tensor { get }
  /// Scores of all items, `[items, width]`; its weight may be the table.
  var head: Linear { get }
  /// All trained tensors by name, in a fixed order, those of the head included.
  var parameters: [(name: String, tensor: Tensor)] { get }
  /// The outputs of some histories, one below the other.
  ///
  /// Contract: a history's outputs depend on no other, but for dropout.
  ///
  /// - Parameters:
  ///   - histories: item ids from 1, oldest first, none longer than the network takes; maybe empty.
  ///   - positions: `all` only where the network has outputs behind each item.
  ///   - dropout: of this step.
  /// - Returns: `[histories, width]`, or as many rows as there are items in them.
  func encode(_ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource) -> Tensor
}

extension SequenceEncoder {
  /// The number of items.
  public var itemCount: Int { itemTable.shape[0] }

  /// Whether an item's embedding is all that scores it.
  public var isTied: Bool { head.weight === itemTable && head.bias == nil }
}

/// What is added to the embeddings of a network's input items, `[indices, width]`; an index below 0
/// is padding.
public typealias ItemAddend = (_ indices: [Int]) -> Tensor

/// A network whose input can be more than its own embeddings of the items.
public protocol ItemInputEncoder: SequenceEncoder {
  /// Nil for the embeddings alone.
  var itemAddend: ItemAddend? { get set }
}

extension ItemInputEncoder {
  /// The input of some items, `[indices, width]`.
  func embedded(_ items: Embedding, _ indices: [Int]) -> Tensor {
    itemAddend.map { items(indices) + $0(indices) } ?? items(indices)
  }
}

/// Histories one after another, without padding; an empty one is one row of padding.
public struct PackedHistories {
  /// Rows of an embedding table; -1 for padding.
  public let indices: [Int]
  /// The place of each row within its history, from 0.
  public let places: [Int]
  /// Rows of each history.
  public let lengths: [Int]
  /// Which rows belong together.
  public let sequences: PackedSequences
  /// The last row of each history.
  public let lastRows: [Int]
  /// The rows that are no padding.
  public var itemRows: [Int] { indices.indices.filter { indices[$0] >= 0 } }

  /// Packs histories of item ids from 1.
  public init(_ histories: [[Int]]) {
    let filled = histories.map { $0.isEmpty ? [0] : $0 }
    indices = filled.flatMap { $0.map { $0 - 1 } }
    places = filled.flatMap { Array($0.indices) }
    lengths = filled.map(\.count)
    sequences = PackedSequences(lengths: lengths)
    lastRows = RaggedRows.offsets(ofLengths: lengths).dropFirst().map { $0 - 1 }
  }
}
