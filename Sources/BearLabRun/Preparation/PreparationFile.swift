internal import BearLabCheckpoint
public import BearLabCore
internal import Foundation

/// What a backbone learned, as a file of the cache holds it: `<cache>/backbones/<name>-<hash>.h5`.
///
///     /prepared/<tensor>      f32
///     attributes: preparation (the file's version), and identity: everything that the tensors' bits
///                 depend on, whose SHA-256 is in the file's name
struct PreparationFile {
  private static let version = 1
  private static let prefix = "/prepared/"

  let path: String
  let identity: String

  /// Writes the tensors; the file is there whole or not at all.
  ///
  /// - Throws: a `CheckpointError`, or ``RecommenderFileError/notWritable(path:reason:)``.
  func write(_ tensors: StoredTensors) throws {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw RecommenderFileError.notWritable(path: folder, reason: systemReason(of: error))
    }
    var file = CheckpointFile()
    for (name, entry) in tensors.entries {
      file.tensors[Self.prefix + name] = .init(shape: entry.shape, values: entry.values)
    }
    file.attributes = ["preparation": .integer(Self.version), "identity": .text(identity)]
    try file.write(to: path)
  }

  /// The tensors; nil where there is no file.
  ///
  /// - Throws: a `CheckpointError`, or ``PreparationError/foreign(path:)``.
  func read() throws -> StoredTensors? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try CheckpointFile(readingFrom: path)
    guard file.attributes["preparation"] == .integer(Self.version),
      file.attributes["identity"] == .text(identity)
    else { throw PreparationError.foreign(path: path) }
    let entries = file.tensors.compactMap { name, tensor -> (String, StoredTensors.Entry)? in
      guard name.hasPrefix(Self.prefix) else { return nil }
      let entry = StoredTensors.Entry(shape: tensor.shape, values: tensor.values)
      return (String(name.dropFirst(Self.prefix.count)), entry)
    }
    return StoredTensors(Dictionary(uniqueKeysWithValues: entries))
  }
}

/// Why a file is not what a backbone learned.
public enum PreparationError: BearLabError, Equatable {
  case foreign(path: String)

  public var description: String {
    switch self {
    case .foreign(let path): "\(path) holds something else than its name says"
    }
  }

  public var remedy: String { "remove the file: it is made again" }
}
