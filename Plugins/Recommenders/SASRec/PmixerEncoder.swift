internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// SASRec as pmixer/SASRec.pytorch has it.
///
///     h = drop(√width E[S] + Pos),  Pos = 0 at padding
///     h = LN₁(h + MHA(h, h, h));  h = LN₂(h + FFN(h))                  or, with normFirst,
///     x = LN₁(h);  h = h + MHA(x, x, x);  h = h + FFN(LN₂(h))           for each block
///     o = LN_last(h);  score of item j = o · E[j]
///
/// with FFN(h) = drop(W₂ relu(drop(W₁ h))). Histories are padded on the left, and padding is seen by
/// attention: without a key mask its rows take part, so they are computed like all others.
final class PmixerEncoder: SequenceEncoder {
  private struct Block: Layer {
    let attention: MultiHeadAttention
    let attentionNorm: LayerNorm
    let inner: Linear
    let outer: Linear
    let feedForwardNorm: LayerNorm

    func feedForward(_ x: Tensor, _ rate: Float, _ dropout: DropoutSource) -> Tensor {
      dropout(outer(dropout(inner(x), rate).relu()), rate)
    }

    var parameters: [(name: String, tensor: Tensor)] {
      attention.parameters(under: "attention") + attentionNorm.parameters(under: "attention-norm")
        + inner.parameters(under: "inner") + outer.parameters(under: "outer")
        + feedForwardNorm.parameters(under: "feed-forward-norm")
    }
  }

  private let items: Embedding
  private let positions: Embedding
  private let blocks: [Block]
  private let lastNorm: LayerNorm
  private let length: Int
  private let normFirst: Bool
  private let dropoutRate: Float

  /// Draws the weights: normal by Xavier for all matrices, where the projections of query, key and
  /// value are one of thrice the height; biases as PyTorch's.
  init(
    items count: Int, width: Int, maxLength: Int, blocks blockCount: Int, heads: Int,
    normFirst: Bool, dropoutRate: Float, key: UInt64
  ) throws(SequentialError) {
    guard width % heads == 0 else { throw .heads(heads, width: width) }
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    items = Embedding(rows: count, width: width, initializer: .xavierNormal, key: own(0))
    positions = Embedding(rows: maxLength, width: width, initializer: .xavierNormal, key: own(1))
    lastNorm = LayerNorm(width: width, epsilon: 1e-8)
    blocks = (0..<blockCount).map { block in
      Block(
        attention: MultiHeadAttention(
          width: width, heads: heads,
          weight: .normal(deviation: (2 / Double(4 * width)).squareRoot()),
          outputWeight: .xavierNormal, bias: .zeros, dropoutRate: dropoutRate,
          key: own(3 * block + 2)),
        attentionNorm: LayerNorm(width: width, epsilon: 1e-8),
        inner: Linear(
          inputs: width, outputs: width, weight: .xavierNormal, key: own(3 * block + 3)),
        outer: Linear(
          inputs: width, outputs: width, weight: .xavierNormal, key: own(3 * block + 4)),
        feedForwardNorm: LayerNorm(width: width, epsilon: 1e-8))
    }
    length = maxLength
    self.normFirst = normFirst
    self.dropoutRate = dropoutRate
  }

  var itemTable: Tensor { items.table }
  var head: Linear { Linear(weight: items.table, bias: nil) }

  var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + positions.parameters(under: "positions")
      + blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
      + lastNorm.parameters(under: "last-norm")
  }

  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let padded = histories.flatMap { history in
      [Int](repeating: 0, count: length - history.count) + history
    }
    let sequences = PackedSequences(lengths: histories.map { _ in length })
    let places = padded.enumerated().map { $1 > 0 ? $0 % length : -1 }
    let scale = Float(itemTable.shape[1]).squareRoot()
    var hidden = items(padded.map { $0 - 1 }) * scale + self.positions(places)
    hidden = dropout(hidden, dropoutRate)
    for (index, block) in blocks.enumerated() {
      let last = index == blocks.count - 1 && positions == .last
      hidden = apply(
        block, to: hidden, sequences: sequences,
        queries: last
          ? QueryRows(last: histories.indices.map { ($0 + 1) * length - 1 }, of: sequences) : nil,
        dropout: dropout)
    }
    if positions == .all {
      hidden = hidden.rows(at: padded.indices.filter { padded[$0] > 0 })
    }
    return lastNorm(hidden)
  }

  /// The outputs of a block at all rows, or at some.
  private func apply(
    _ block: Block, to input: Tensor, sequences: PackedSequences, queries: QueryRows?,
    dropout: DropoutSource
  ) -> Tensor {
    let keys = normFirst ? block.attentionNorm(input) : input
    func select(_ x: Tensor) -> Tensor { queries.map { x.rows(at: $0.rows) } ?? x }
    let mixed =
      select(input)
      + block.attention(
        select(keys), over: keys, sequences: queries?.sequences ?? sequences, causal: true,
        dropout: dropout)
    if normFirst {
      return mixed + block.feedForward(block.feedForwardNorm(mixed), dropoutRate, dropout)
    }
    let hidden = block.attentionNorm(mixed)
    return block.feedForwardNorm(hidden + block.feedForward(hidden, dropoutRate, dropout))
  }
}
