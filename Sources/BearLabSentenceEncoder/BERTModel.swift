internal import BearLabFormats
internal import BearLabNN
internal import BearLabTensor

/// The transformer encoder of BERT, its weights constant.
///
///     h = LN(word[token] + position[i] + type[0])
///     h = LN(h + W_o attention(W_q h, W_k h, W_v h))      in each layer, all with biases
///     h = LN(h + W_2 gelu(W_1 h))
///
/// - Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019.
struct BERTModel {
  private struct Block {
    let query, key, value, output, inner, outer: Linear
    let attentionNorm, norm: LayerNorm
  }

  private let shape: BERTShape
  /// `[V, D]`.
  private let words: Tensor
  /// `[positions, D]`, that of the first token type added.
  private let positions: Tensor
  private let norm: LayerNorm
  private let blocks: [Block]

  /// Reads the weights.
  ///
  /// - Throws: ``SafetensorsError`` for a weight that is missing or has another shape; all are looked
  ///   at before memory is taken for any.
  init(_ file: SafetensorsFile, shape: BERTShape) throws(SafetensorsError) {
    let weights = Weights(file: file, shape: shape)
    try weights.requireAll()
    let types = try weights.tensor("embeddings.token_type_embeddings.weight")
    let first = Tensor(Array(types.scalars.prefix(shape.width)), shape: [1, shape.width])
    words = try weights.tensor("embeddings.word_embeddings.weight")
    positions =
      try weights.tensor("embeddings.position_embeddings.weight")
      + first.rows(at: [Int](repeating: 0, count: shape.positions))
    norm = try weights.norm("embeddings.LayerNorm")
    blocks = try (0..<shape.layerCount).map { (layer) throws(SafetensorsError) in
      let stem = "encoder.layer.\(layer)"
      return Block(
        query: try weights.linear("\(stem).attention.self.query"),
        key: try weights.linear("\(stem).attention.self.key"),
        value: try weights.linear("\(stem).attention.self.value"),
        output: try weights.linear("\(stem).attention.output.dense"),
        inner: try weights.linear("\(stem).intermediate.dense"),
        outer: try weights.linear("\(stem).output.dense"),
        attentionNorm: try weights.norm("\(stem).attention.output.LayerNorm"),
        norm: try weights.norm("\(stem).output.LayerNorm"))
    }
    self.shape = shape
  }

  /// The last hidden states of some texts, `[n, D]`, their rows one after another.
  func hiddenStates(of texts: [[Int32]]) -> Tensor {
    let sequences = PackedSequences(lengths: texts.map(\.count))
    var hidden = norm(
      words.rows(at: texts.joined().map { Int($0) })
        + positions.rows(at: texts.flatMap { Array($0.indices) }))
    for block in blocks {
      let attention = Tensor.sequenceAttention(
        query: block.query(hidden), key: block.key(hidden), value: block.value(hidden),
        sequences: sequences, heads: shape.headCount, causal: false)
      hidden = block.attentionNorm(hidden + block.output(attention))
      hidden = block.norm(hidden + block.outer(block.inner(hidden).gelu()))
    }
    return hidden
  }
}

/// The weights of a file by the names that Hugging Face gives them.
private struct Weights {
  let file: SafetensorsFile
  let shape: BERTShape

  /// Checks that every weight is there in the right shape.
  func requireAll() throws(SafetensorsError) {
    for name in ["word", "position", "token_type"].map({ "embeddings.\($0)_embeddings.weight" }) {
      try file.require(name, shape: extents(of: name))
    }
    try requireBoth("embeddings.LayerNorm")
    for layer in 0..<shape.layerCount {
      for part in [
        "attention.self.query", "attention.self.key", "attention.self.value",
        "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
        "output.dense", "output.LayerNorm",
      ] { try requireBoth("encoder.layer.\(layer).\(part)") }
    }
  }

  private func requireBoth(_ stem: String) throws(SafetensorsError) {
    for name in ["\(stem).weight", "\(stem).bias"] {
      try file.require(name, shape: extents(of: name))
    }
  }

  func tensor(_ name: String) throws(SafetensorsError) -> Tensor {
    let shape = extents(of: name)
    return Tensor(try file.floats(of: name, shape: shape), shape: shape)
  }

  func linear(_ stem: String) throws(SafetensorsError) -> Linear {
    Linear(weight: try tensor("\(stem).weight"), bias: try tensor("\(stem).bias"))
  }

  func norm(_ stem: String) throws(SafetensorsError) -> LayerNorm {
    LayerNorm(
      weight: try tensor("\(stem).weight"), bias: try tensor("\(stem).bias"),
      epsilon: shape.normEpsilon)
  }

  /// The extents of a weight, row-major.
  private func extents(of name: String) -> [Int] {
    let (width, inner) = (shape.width, shape.feedForwardWidth)
    let isMatrix = name.hasSuffix(".weight") && !name.contains("LayerNorm")
    if name.contains("word_embeddings") { return [shape.vocabularySize, width] }
    if name.contains("position_embeddings") { return [shape.positions, width] }
    if name.contains("token_type_embeddings") { return [shape.tokenTypes, width] }
    if name.contains("intermediate.dense") { return isMatrix ? [inner, width] : [inner] }
    guard isMatrix else { return [width] }
    return name.contains(".attention.") ? [width, width] : [width, inner]
  }
}
