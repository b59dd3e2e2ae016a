internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// BERT4Rec's network: BERT's transformer without a causal mask, over items and MASK.
///
///     h = drop(LN(E[S] + Pos));  h = block(h) …
///     o = LN(gelu(W h + b));  score of item j = o · E[j] + c_j
///
/// Sequences end at the last position, as if padded on the left; padding is hidden from all, so there
/// is none here. The one segment vector of FeiSun's code is a constant in every position, and left
/// out. The soft-max is over the items, without the special ids.
final class BidirectionalEncoder: SequenceEncoder {
  private let items: Embedding
  private let mask: Embedding
  private let positions: Embedding
  private let norm: LayerNorm
  private let blocks: [PostNormBlock]
  private let transform: Linear
  private let transformNorm: LayerNorm
  private let itemBias: Tensor
  private let dropoutRate: Float

  /// Draws the weights, all matrices with a deviation of 0.02 and none beyond two.
  init(
    items count: Int, width: Int, maxLength: Int, blocks blockCount: Int, heads: Int,
    dropoutRate: Float, attentionDropoutRate: Float, key: UInt64
  ) throws(SequentialError) {
    guard width % heads == 0 else { throw .heads(heads, width: width) }
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    let normal = Initializer.truncatedNormal(deviation: 0.02)
    items = Embedding(rows: count, width: width, initializer: normal, key: own(0))
    mask = Embedding(rows: 1, width: width, initializer: normal, key: own(1))
    positions = Embedding(rows: maxLength + 1, width: width, initializer: normal, key: own(2))
    norm = LayerNorm(width: width, epsilon: 1e-12)
    transform = Linear(inputs: width, outputs: width, weight: normal, bias: .zeros, key: own(3))
    transformNorm = LayerNorm(width: width, epsilon: 1e-12)
    itemBias = Initializer.zeros([count], key: 0)
    blocks = (0..<blockCount).map {
      PostNormBlock(
        width: width, innerWidth: 4 * width, heads: heads, epsilon: 1e-12, initializer: normal,
        dropoutRate: dropoutRate, attentionDropoutRate: attentionDropoutRate, key: own($0 + 4))
    }
    self.dropoutRate = dropoutRate
  }

  var itemTable: Tensor { items.table }
  var head: Linear { Linear(weight: items.table, bias: itemBias) }

  /// The id of MASK.
  var maskItem: Int { itemCount + 1 }

  var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + mask.parameters(under: "mask")
      + positions.parameters(under: "positions") + norm.parameters(under: "norm")
      + blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
      + transform.parameters(under: "transform")
      + transformNorm.parameters(under: "transform-norm") + [("item-bias", itemBias)]
  }

  /// The outputs at a MASK behind each history; `positions` is not looked at.
  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    outputs(
      histories.map { $0 + [maskItem] }, at: histories.map { [$0.count] }, dropout: dropout)
  }

  /// The outputs at some places of each sequence, one below the other.
  func outputs(_ sequences: [[Int]], at places: [[Int]], dropout: DropoutSource) -> Tensor {
    let packed = PackedHistories(sequences)
    let isMask = packed.indices.map { $0 == itemCount }
    let longest = positions.table.shape[0]
    let ends = packed.lengths.flatMap { length in (0..<length).map { longest - length + $0 } }
    var hidden =
      items(zip(packed.indices, isMask).map { $1 ? -1 : $0 }) + mask(isMask.map { $0 ? 0 : -1 })
      + positions(ends)
    hidden = dropout(norm(hidden), dropoutRate)
    for (index, block) in blocks.enumerated() {
      hidden = block(
        hidden, sequences: packed.sequences,
        queries: index == blocks.count - 1 ? queries(packed, places) : nil, causal: false,
        dropout: dropout)
    }
    return transformNorm(transform(hidden).gelu())
  }

  /// The rows of some places of each sequence, and the sequences with these as queries.
  private func queries(_ packed: PackedHistories, _ places: [[Int]]) -> QueryRows {
    var rows: [Int] = []
    let sequences = zip(packed.sequences.sequences, places).map { sequence, places in
      let start = rows.count
      rows += places.map { sequence.keys.lowerBound + $0 }
      return PackedSequences.Sequence(queries: start..<rows.count, keys: sequence.keys)
    }
    return QueryRows(rows: rows, sequences: PackedSequences(sequences))
  }
}
