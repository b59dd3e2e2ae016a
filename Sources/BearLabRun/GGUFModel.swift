internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabText

/// A model in a GGUF file.
struct GGUFModel: ModelSource {
  private let file: GGUFFile
  let description: ModelDescription

  init(path: String) throws(GGUFError) {
    file = try GGUFFile(path: path)
    description = try ModelDescription(file)
  }

  var path: String { file.path }
  var files: [String] { [file.path] }

  func encoder() throws -> BytePairEncoder {
    try file.encoder(rows: description.vocabularySize)
  }

  func require(_ name: WeightName, extents: [Int]) throws {
    let tensor = name.ggufTensor
    guard let found = file.tensors[tensor] else {
      throw GGUFError.missingTensor(path: path, tensor: tensor)
    }
    guard found.shape == extents else {
      throw GGUFError.wrongShape(
        path: path, tensor: tensor, expected: extents, found: found.shape)
    }
  }

  func copy(
    _ name: WeightName, shape: LanguageModelShape, into target: inout MutableSpan<Float>
  ) throws {
    guard let heads = permutedHeads(of: name, shape) else {
      // The large ones are not held twice.
      return try target.withUnsafeMutableBufferPointer {
        try file.dequantiseFinite(name.ggufTensor, into: $0)
      }
    }
    let rows = heads * shape.headWidth
    let weights = LlamaWeights.unpermuteRotaryRows(
      try file.floats(of: name.ggufTensor), heads: heads, rows: rows,
      columns: target.count / rows)
    target.withUnsafeMutableBufferPointer { _ = $0.update(from: weights) }
  }

  /// The heads of a weight whose rows the converter permutes; nil where it does not: only a Llama's
  /// neighbours are rotated together in ggml, the other families' rows lie as in Hugging Face.
  private func permutedHeads(of name: WeightName, _ shape: LanguageModelShape) -> Int? {
    guard description.architecture == .llama else { return nil }
    switch name {
    case .projection(.query, _), .bias(.query, _): return shape.headCount
    case .projection(.key, _), .bias(.key, _): return shape.kvHeadCount
    default: return nil
    }
  }
}
