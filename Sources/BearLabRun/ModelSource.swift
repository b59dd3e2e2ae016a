public import BearLabFormats
public import BearLabLanguageModel
public import BearLabText
internal import Foundation

/// A model as it lies on disk, a GGUF file or a folder of Hugging Face: what can be known without
/// its weights, and each weight by its name.
///
/// Whoever reads a file anew checks with ``require(_:extents:)`` before memory is taken: sizes in a
/// description may be of any magnitude.
public protocol ModelSource {
  /// Of the file or the folder.
  var path: String { get }
  /// The files that are read, in the order in which ``hash`` has them.
  var files: [String] { get }
  var description: ModelDescription { get }
  /// Reads the tokenizer; BOS only where the model says so.
  func encoder() throws -> BytePairEncoder
  /// Checks that a weight is there, of a type that can be read, with the extents given.
  func require(_ name: WeightName, extents: [Int]) throws
  /// Writes a weight in Hugging Face's row order; its numbers are finite.
  func copy(
    _ name: WeightName, shape: LanguageModelShape, into target: inout MutableSpan<Float>) throws
}

extension ModelSource {
  /// Checks that every weight of a model of this shape is there.
  func requireWeights(_ shape: LanguageModelShape, tiedHead: Bool) throws {
    func require(_ name: WeightName) throws {
      try self.require(name, extents: shape.extents(of: name))
    }
    try require(.embedding)
    try require(.finalNorm)
    if !tiedHead { try require(.head) }
    for layer in 0..<shape.layerCount {
      for name in shape.weightNames(layer: layer) { try require(name) }
    }
  }

  /// SHA-256, in hexadecimal: of the one file, or of what `sha256sum` prints for all files, in
  /// order, by their names in the folder.
  public var hash: String {
    get throws {
      if files.count == 1, let file = files.first { return try FileHash.sha256(path: file) }
      let lines = try files.map { file in
        "\(try FileHash.sha256(path: file))  \((file as NSString).lastPathComponent)\n"
      }
      return FileHash.sha256(of: Array(lines.joined().utf8))
    }
  }
}

/// Opens models of any layout.
public enum ModelSources {
  /// Reads the header of a GGUF file, or the description in a Hugging Face folder.
  ///
  /// - Throws: what reading a GGUF file or the folder's `config.json` and index throws.
  public static func open(_ path: String) throws -> any ModelSource {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return exists && isFolder.boolValue
      ? try HuggingFaceModel(folder: path) : try GGUFModel(path: path)
  }

  /// The files of a model, whether it can be read or not.
  static func files(of path: String) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      return [path]
    }
    return (try? open(path).files) ?? names.sorted().map { "\(path)/\($0)" }
  }
}
