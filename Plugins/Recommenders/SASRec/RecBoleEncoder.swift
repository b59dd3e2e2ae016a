internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// SASRec as RecBole 1.2.1 has it: BERT's transformer with a causal mask.
///
///     h = drop(LN(E[S] + Pos));  h = block(h) …;  score of item j = h at the last item · E[j]
///
/// Padding is on the right and hidden from all items before it, so there is none here.
final class RecBoleEncoder: SequenceEncoder {
  private let items: Embedding
  private let positions: Embedding
  private let norm: LayerNorm
  private let blocks: [PostNormBlock]
  private let dropoutRate: Float

  /// Draws the weights, all matrices with a deviation of 0.02; inner layers are 256 wide at a width
  /// of 64.
  init(
    items count: Int, width: Int, maxLength: Int, blocks blockCount: Int, heads: Int,
    dropoutRate: Float, key: UInt64
  ) throws(SequentialError) {
    guard width % heads == 0 else { throw .heads(heads, width: width) }
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    let normal = Initializer.normal(deviation: 0.02)
    items = Embedding(rows: count, width: width, initializer: normal, key: own(0))
    positions = Embedding(rows: maxLength, width: width, initializer: normal, key: own(1))
    norm = LayerNorm(width: width, epsilon: 1e-12)
    blocks = (0..<blockCount).map {
      PostNormBlock(
        width: width, innerWidth: 4 * width, heads: heads, epsilon: 1e-12, initializer: normal,
        dropoutRate: dropoutRate, attentionDropoutRate: dropoutRate, key: own($0 + 2))
    }
    self.dropoutRate = dropoutRate
  }

  var itemTable: Tensor { items.table }
  var head: Linear { Linear(weight: items.table, bias: nil) }

  var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + positions.parameters(under: "positions")
      + norm.parameters(under: "norm")
      + blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
  }

  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let packed = PackedHistories(histories)
    var hidden = dropout(
      norm(items(packed.indices) + self.positions(packed.places)), dropoutRate)
    for (index, block) in blocks.enumerated() {
      let last = index == blocks.count - 1 && positions == .last
      hidden = block(
        hidden, sequences: packed.sequences,
        queries: last ? QueryRows(last: packed.lastRows, of: packed.sequences) : nil, causal: true,
        dropout: dropout)
    }
    return positions == .last ? hidden : hidden.rows(at: packed.itemRows)
  }
}
