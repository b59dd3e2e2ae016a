internal import BearLabCore
internal import Foundation

/// The weights in a folder of Hugging Face: `model.safetensors`, or the shards that
/// `model.safetensors.index.json` names, mapped into memory.
public struct HuggingFaceWeights {
  /// The index, where there is one, then the weights' files in the order of their names.
  public let files: [String]
  /// What says which tensors there are.
  private let listing: String
  /// The file that each tensor is to be read from.
  private let places: [String: SafetensorsFile]

  /// Maps the files of a folder and reads their headers.
  ///
  /// - Throws: ``HuggingFaceError`` for weights that are missing, incomplete or there in several
  ///   forms, ``SafetensorsError`` for a file that is damaged.
  public init(folder: String) throws {
    if try Self.weightFile(in: folder) == Self.single {
      let file = try SafetensorsFile(path: "\(folder)/\(Self.single)")
      files = [file.path]
      listing = file.path
      places = file.tensors.mapValues { _ in file }
      return
    }
    let index = "\(folder)/\(Self.index)"
    let shards = try Self.shards(index)
    let names = Set(shards.values).sorted()
    let opened = try names.map { name in
      try Self.open(name, in: folder, index, tensors: shards.values.count { $0 == name })
    }
    let byName = Dictionary(uniqueKeysWithValues: zip(names, opened))
    files = [index] + opened.map(\.path)
    listing = index
    places = shards.compactMapValues { byName[$0] }
  }

  /// Checks that a tensor could be read, without taking memory for it.
  ///
  /// - Throws: ``HuggingFaceError/notInIndex(path:tensor:)`` or ``SafetensorsError``.
  public func require(_ name: String, shape: [Int]) throws {
    try file(of: name).require(name, shape: shape)
  }

  /// Writes the weights of a tensor, all of them finite, to memory of the caller, and gives the
  /// pages back that they were read from.
  ///
  /// - Throws: ``HuggingFaceError/notInIndex(path:tensor:)`` or ``SafetensorsError``.
  package func copyFinite(
    _ name: String, shape: [Int], into floats: UnsafeMutableBufferPointer<Float>
  ) throws {
    try file(of: name).copyFinite(name, shape: shape, into: floats)
  }

  private func file(of name: String) throws -> SafetensorsFile {
    if let file = places[name] { return file }
    // Without an index the file itself says what is missing.
    guard let single = places.first?.value, single.path == listing else {
      throw HuggingFaceError.notInIndex(path: listing, tensor: name)
    }
    return single
  }

  // MARK: The folder

  static let single = "model.safetensors"
  static let index = "model.safetensors.index.json"

  /// The file that says where the weights are: there must be one form of them.
  private static func weightFile(in folder: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    let known = names.filter { [single, index].contains($0) || $0.hasSuffix(".gguf") }
    guard known.count < 2 else {
      throw HuggingFaceError.mixedWeights(folder: folder, files: known)
    }
    guard let file = known.first, !file.hasSuffix(".gguf") else {
      let others = [".bin", ".pt", ".pth", ".safetensors", ".gguf", ".h5", ".msgpack"]
      throw HuggingFaceError.noWeights(
        folder: folder, found: names.filter { name in others.contains { name.hasSuffix($0) } })
    }
    return file
  }

  private struct Index: Decodable {
    let weight_map: [String: String]
  }

  /// The shard of each tensor.
  private static func shards(_ path: String) throws(HuggingFaceError) -> [String: String] {
    let text: String
    do { text = try MappedFile.text(path: path) } catch { throw .file(error) }
    let map: [String: String]
    do {
      map = try JSONDecoder().decode(Index.self, from: Data(text.utf8)).weight_map
    } catch {
      throw .malformed(path: path, problem: jsonProblem(error))
    }
    // A path would lead out of the folder.
    for (tensor, shard) in map.sorted(by: { $0.key < $1.key })
    where shard.contains("/") || !shard.hasSuffix(".safetensors") {
      throw .badShardName(path: path, tensor: tensor, shard: shard)
    }
    return map
  }

  private static func open(
    _ name: String, in folder: String, _ index: String, tensors: Int
  ) throws -> SafetensorsFile {
    let path = "\(folder)/\(name)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw HuggingFaceError.missingShard(path: index, shard: name, tensors: tensors)
    }
    return try SafetensorsFile(path: path)
  }
}
