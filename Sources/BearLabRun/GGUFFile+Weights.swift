internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN

extension GGUFFile {
  /// Checks that every weight is there in the shape that the description asks for.
  ///
  /// Done before memory is taken for any: sizes in a description may be of any magnitude.
  ///
  /// - Throws: ``GGUFError/missingTensor(path:tensor:)`` or
  ///   ``GGUFError/wrongShape(path:tensor:expected:found:)``.
  func requireWeights(_ shape: LanguageModelShape, tiedHead: Bool) throws(GGUFError) {
    func require(_ name: WeightName) throws(GGUFError) {
      let tensor = Self.tensorName(of: name)
      let expected = shape.extents(of: name)
      guard let found = tensors[tensor] else { throw .missingTensor(path: path, tensor: tensor) }
      guard found.shape == expected else {
        throw .wrongShape(path: path, tensor: tensor, expected: expected, found: found.shape)
      }
    }
    try require(.embedding)
    try require(.finalNorm)
    if !tiedHead { try require(.head) }
    for layer in 0..<shape.layerCount {
      try require(.attentionNorm(layer: layer))
      try require(.feedForwardNorm(layer: layer))
      for projection in Projection.allCases { try require(.projection(projection, layer: layer)) }
    }
  }

  /// Writes a weight in Hugging Face's row order.
  func copy(
    _ name: WeightName, shape: LanguageModelShape, into target: inout MutableSpan<Float>
  ) throws {
    let tensor = Self.tensorName(of: name)
    let heads: Int
    switch name {
    case .projection(.query, _): heads = shape.headCount
    case .projection(.key, _): heads = shape.kvHeadCount
    default:
      // The large ones are not held twice.
      return try target.withUnsafeMutableBufferPointer { try dequantiseFinite(tensor, into: $0) }
    }
    let weights = LlamaWeights.unpermuteRotaryRows(
      try floats(of: tensor), heads: heads, rows: heads * shape.headWidth, columns: shape.width)
    target.withUnsafeMutableBufferPointer { _ = $0.update(from: weights) }
  }

  private static func tensorName(of name: WeightName) -> String {
    switch name {
    case .embedding: "token_embd.weight"
    case .head: "output.weight"
    case .finalNorm: "output_norm.weight"
    case .attentionNorm(let layer): "blk.\(layer).attn_norm.weight"
    case .feedForwardNorm(let layer): "blk.\(layer).ffn_norm.weight"
    case .projection(let projection, let layer): "blk.\(layer).\(stem(of: projection)).weight"
    }
  }

  private static func stem(of projection: Projection) -> String {
    switch projection {
    case .query: "attn_q"
    case .key: "attn_k"
    case .value: "attn_v"
    case .output: "attn_output"
    case .gate: "ffn_gate"
    case .up: "ffn_up"
    case .down: "ffn_down"
    }
  }
}

extension LanguageModelShape {
  /// The extents of a weight, row-major.
  fileprivate func extents(of name: WeightName) -> [Int] {
    switch name {
    case .embedding, .head: [vocabularySize, width]
    case .finalNorm, .attentionNorm, .feedForwardNorm: [width]
    case .projection(let projection, _):
      [size(of: projection).outputs, size(of: projection).inputs]
    }
  }
}
