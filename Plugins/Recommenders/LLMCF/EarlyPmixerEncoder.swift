internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// SASRec as earlier versions of pmixer/SASRec.pytorch had it, which LLM-CF took over.
///
///     h = drop(√width E[S] + Pos)
///     q = LN(h);  h = q + MHA(q, h, h);  h = LN(h);  h = h + FFN(h)      for each block
///     o = LN(h) at the last item
///
/// with FFN(h) = drop(W₂ relu(drop(W₁ h))). Padding is on the right, and causal attention never sees
/// it there, so there is none here.
final class EarlyPmixerEncoder: SequenceEncoder {
  private struct Block: Layer {
    let queryNorm: LayerNorm
    let attention: MultiHeadAttention
    let innerNorm: LayerNorm
    let inner: Linear
    let outer: Linear

    var parameters: [(name: String, tensor: Tensor)] {
      queryNorm.parameters(under: "query-norm") + attention.parameters(under: "attention")
        + innerNorm.parameters(under: "inner-norm") + inner.parameters(under: "inner")
        + outer.parameters(under: "outer")
    }
  }

  private let items: Embedding
  private let positions: Embedding
  private let blocks: [Block]
  private let lastNorm: LayerNorm
  private let dropoutRate: Float

  /// Draws the weights, all matrices by Xavier's normal initialiser.
  ///
  /// - Throws: `SequentialError.heads`.
  init(
    items count: Int, width: Int, maxLength: Int, blocks blockCount: Int, heads: Int,
    dropoutRate: Float, key: UInt64
  ) throws(SequentialError) {
    guard width % heads == 0 else { throw .heads(heads, width: width) }
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    items = Embedding(rows: count, width: width, initializer: .xavierNormal, key: own(0))
    positions = Embedding(rows: maxLength, width: width, initializer: .xavierNormal, key: own(1))
    lastNorm = LayerNorm(width: width, epsilon: 1e-8)
    blocks = (0..<blockCount).map { block in
      Block(
        queryNorm: LayerNorm(width: width, epsilon: 1e-8),
        attention: MultiHeadAttention(
          width: width, heads: heads, weight: .xavierNormal, bias: .zeros,
          dropoutRate: dropoutRate, key: own(3 * block + 2)),
        innerNorm: LayerNorm(width: width, epsilon: 1e-8),
        inner: Linear(
          inputs: width, outputs: width, weight: .xavierNormal, key: own(3 * block + 3)),
        outer: Linear(
          inputs: width, outputs: width, weight: .xavierNormal, key: own(3 * block + 4)))
    }
    self.dropoutRate = dropoutRate
  }

  var itemTable: Tensor { items.table }
  var head: Linear { Linear(weight: items.table, bias: nil) }

  var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + positions.parameters(under: "positions")
      + blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
      + lastNorm.parameters(under: "last-norm")
  }

  /// The outputs behind the last items; `positions` is not looked at.
  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let packed = PackedHistories(histories)
    let scale = Float(itemTable.shape[1]).squareRoot()
    var hidden = dropout(
      items(packed.indices) * scale + self.positions(packed.places), dropoutRate)
    for block in blocks {
      let query = block.queryNorm(hidden)
      let mixed =
        query
        + block.attention(
          query, over: hidden, sequences: packed.sequences, causal: true, dropout: dropout)
      let x = block.innerNorm(mixed)
      hidden =
        x + dropout(block.outer(dropout(block.inner(x), dropoutRate).relu()), dropoutRate)
    }
    return lastNorm(hidden.rows(at: packed.lastRows))
  }
}
