public import BearLabNN
public import BearLabTensor

/// The rows of which an attention layer has outputs, where these are not all.
public struct QueryRows {
  /// Rows of the layer's input.
  public let rows: [Int]
  /// The sequences with `rows`, one below the other, as queries.
  public let sequences: PackedSequences

  /// Takes rows and the sequences that have them as queries.
  public init(rows: [Int], sequences: PackedSequences) {
    self.rows = rows
    self.sequences = sequences
  }

  /// The last row of each sequence.
  public init(last rows: [Int], of sequences: PackedSequences) {
    self.init(rows: rows, sequences: sequences.lastQueries)
  }
}

/// Multi-head attention: projections, attention within sequences, and maybe a projection of the
/// output (Vaswani et al., 2017).
public struct MultiHeadAttention: Layer {
  public let query: Linear
  public let key: Linear
  public let value: Linear
  /// Nil where heads are only put side by side.
  public let output: Linear?
  public let heads: Int
  /// Of query · key; nil for 1 / √(width of a head).
  public let scale: Float?
  /// Of the weights.
  public let dropoutRate: Float

  /// Draws the weights of a layer of one width.
  public init(
    width: Int, heads: Int, weight: Initializer? = nil, outputWeight: Initializer? = nil,
    bias: Initializer? = nil, hasOutput: Bool = true, scale: Float? = nil, dropoutRate: Float,
    key: UInt64
  ) {
    func linear(_ index: UInt64, _ weight: Initializer?) -> Linear {
      Linear(
        inputs: width, outputs: width, weight: weight, bias: bias,
        key: CounterGenerator.mix(key, index))
    }
    query = linear(0, weight)
    self.key = linear(1, weight)
    value = linear(2, weight)
    output = hasOutput ? linear(3, outputWeight ?? weight) : nil
    self.heads = heads
    self.scale = scale
    self.dropoutRate = dropoutRate
  }

  /// The outputs of some queries, `[queries, width]`.
  public func callAsFunction(
    _ queries: Tensor, over keys: Tensor, sequences: PackedSequences, causal: Bool,
    dropout: DropoutSource
  ) -> Tensor {
    let mixed = Tensor.sequenceAttention(
      query: query(queries), key: key(keys), value: value(keys), sequences: sequences,
      heads: heads, scale: scale, causal: causal, dropout: dropout.next(dropoutRate))
    return output.map { $0(mixed) } ?? mixed
  }

  public var parameters: [(name: String, tensor: Tensor)] {
    query.parameters(under: "query") + key.parameters(under: "key")
      + value.parameters(under: "value") + (output?.parameters(under: "output") ?? [])
  }
}

/// A block of BERT's transformer, normalised behind each residual (Devlin et al., 2019).
///
///     h = LN(h + drop(MHA(h)));  h = LN(h + drop(W₂ gelu(W₁ h)))
public struct PostNormBlock: Layer {
  private let attention: MultiHeadAttention
  private let attentionNorm: LayerNorm
  private let inner: Linear
  private let outer: Linear
  private let outputNorm: LayerNorm
  private let dropoutRate: Float

  /// Draws the weights; biases are 0.
  public init(
    width: Int, innerWidth: Int, heads: Int, epsilon: Float, initializer: Initializer,
    dropoutRate: Float, attentionDropoutRate: Float, key: UInt64
  ) {
    attention = MultiHeadAttention(
      width: width, heads: heads, weight: initializer, bias: .zeros,
      dropoutRate: attentionDropoutRate, key: CounterGenerator.mix(key, 0))
    attentionNorm = LayerNorm(width: width, epsilon: epsilon)
    inner = Linear(
      inputs: width, outputs: innerWidth, weight: initializer, bias: .zeros,
      key: CounterGenerator.mix(key, 1))
    outer = Linear(
      inputs: innerWidth, outputs: width, weight: initializer, bias: .zeros,
      key: CounterGenerator.mix(key, 2))
    outputNorm = LayerNorm(width: width, epsilon: epsilon)
    self.dropoutRate = dropoutRate
  }

  /// The outputs at all rows, or at some.
  public func callAsFunction(
    _ input: Tensor, sequences: PackedSequences, queries: QueryRows? = nil, causal: Bool,
    dropout: DropoutSource
  ) -> Tensor {
    let own = queries.map { input.rows(at: $0.rows) } ?? input
    let mixed = attention(
      own, over: input, sequences: queries?.sequences ?? sequences, causal: causal,
      dropout: dropout)
    let hidden = attentionNorm(own + dropout(mixed, dropoutRate))
    return outputNorm(hidden + dropout(outer(inner(hidden).gelu()), dropoutRate))
  }

  public var parameters: [(name: String, tensor: Tensor)] {
    attention.parameters(under: "attention") + attentionNorm.parameters(under: "attention-norm")
      + inner.parameters(under: "inner") + outer.parameters(under: "outer")
      + outputNorm.parameters(under: "output-norm")
  }
}
