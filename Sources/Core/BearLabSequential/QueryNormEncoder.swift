public import BearLabNN
public import BearLabTensor

/// The SASRec of the DROS code: attention whose queries alone are normalised, and an output layer
/// of its own.
///
///     h = drop(E[S] + Pos)
///     q = LN₁(h);  h = q + MHA(q, h, h);  x = LN₂(h);  h = LN(x + drop(FFN(x)))   for each block
///     o = LN₃(h) at the last item;  scores = W o + b
///
/// Attention has biased projections of query, key and value, none of the output, and the scale
/// 1/√width whatever the number of heads. Padding is masked throughout, so there is none here.
///
/// - Source: "A Generic Learning Framework for Sequential Recommendation with Distribution Shifts",
///   SIGIR 2023; YangZhengyi98/DROS, `A_SASRec_final_bce.py` and `SASRecModules_ori.py`.
public final class QueryNormEncoder: ItemInputEncoder {
  private struct Block: Layer {
    let queryNorm: LayerNorm
    let attention: MultiHeadAttention
    let innerNorm: LayerNorm
    let inner: Linear
    let outer: Linear
    let outputNorm: LayerNorm

    var parameters: [(name: String, tensor: Tensor)] {
      queryNorm.parameters(under: "query-norm") + attention.parameters(under: "attention")
        + innerNorm.parameters(under: "inner-norm") + inner.parameters(under: "inner")
        + outer.parameters(under: "outer") + outputNorm.parameters(under: "output-norm")
    }
  }

  private let items: Embedding
  private let positions: Embedding
  private let blocks: [Block]
  private let lastNorm: LayerNorm
  public let head: Linear
  private let dropoutRate: Float

  /// Draws the weights: items with a deviation of 0.01, positions of 1, layers as PyTorch's.
  ///
  /// - Throws: ``SequentialError/heads(_:width:)``.
  public init(
    items count: Int, width: Int, maxLength: Int, blocks blockCount: Int = 1, heads: Int = 1,
    dropoutRate: Float, key: UInt64
  ) throws(SequentialError) {
    guard width % heads == 0 else { throw .heads(heads, width: width) }
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    items = Embedding(
      rows: count, width: width, initializer: .normal(deviation: 0.01), key: own(0))
    positions = Embedding(
      rows: maxLength, width: width, initializer: .normal(deviation: 1), key: own(1))
    head = Linear(inputs: width, outputs: count, key: own(2))
    lastNorm = LayerNorm(width: width)
    blocks = (0..<blockCount).map { block in
      Block(
        queryNorm: LayerNorm(width: width),
        attention: MultiHeadAttention(
          width: width, heads: heads, hasOutput: false, scale: 1 / Float(width).squareRoot(),
          dropoutRate: dropoutRate, key: own(3 * block + 3)),
        innerNorm: LayerNorm(width: width),
        inner: Linear(inputs: width, outputs: width, key: own(3 * block + 4)),
        outer: Linear(inputs: width, outputs: width, key: own(3 * block + 5)),
        outputNorm: LayerNorm(width: width))
    }
    self.dropoutRate = dropoutRate
  }

  public var itemTable: Tensor { items.table }
  public var itemAddend: ItemAddend?

  public var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + positions.parameters(under: "positions")
      + blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
      + lastNorm.parameters(under: "last-norm") + head.parameters(under: "head")
  }

  public func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let packed = PackedHistories(histories)
    var hidden = embedded(items, packed.indices) + self.positions(packed.places)
    hidden = dropout(hidden, dropoutRate)
    for (index, block) in blocks.enumerated() {
      var sequences = packed.sequences
      var own = hidden
      if index == blocks.count - 1, positions == .last {
        sequences = sequences.lastQueries
        own = hidden.rows(at: packed.lastRows)
      }
      let query = block.queryNorm(own)
      let mixed =
        query
        + block.attention(
          query, over: hidden, sequences: sequences, causal: true, dropout: dropout)
      let x = block.innerNorm(mixed)
      hidden = block.outputNorm(x + dropout(block.outer(block.inner(x).relu()), dropoutRate))
    }
    return lastNorm(positions == .last ? hidden : hidden.rows(at: packed.itemRows))
  }
}
