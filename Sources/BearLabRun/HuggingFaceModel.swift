internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabText
internal import Foundation

/// A model in a folder of Hugging Face: `config.json`, the tokenizer, and safetensors.
struct HuggingFaceModel: ModelSource {
  let path: String
  let description: ModelDescription
  private let weights: HuggingFaceWeights

  init(folder: String) throws {
    path = folder
    description = try ModelDescription(huggingFaceConfig: "\(folder)/\(Self.config)")
    weights = try HuggingFaceWeights(folder: folder)
  }

  static let config = "config.json"
  /// What the tokenizer is read from, besides; not every model has all of them.
  private static let tokenizer = [
    "generation_config.json", "tokenizer.json", "tokenizer_config.json",
  ]

  var files: [String] {
    let texts = ([Self.config] + Self.tokenizer).map { "\(path)/\($0)" }
    return texts.filter { FileManager.default.fileExists(atPath: $0) } + weights.files
  }

  func encoder() throws -> BytePairEncoder {
    try BytePairEncoder(huggingFace: path)
  }

  func require(_ name: WeightName, extents: [Int]) throws {
    try weights.require(name.huggingFaceTensor, shape: extents)
  }

  func copy(
    _ name: WeightName, shape: LanguageModelShape, into target: inout MutableSpan<Float>
  ) throws {
    try target.withUnsafeMutableBufferPointer {
      try weights.copyFinite(name.huggingFaceTensor, shape: shape.extents(of: name), into: $0)
    }
  }
}
