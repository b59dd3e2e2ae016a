public import BearLabCore
internal import BearLabFormats
internal import Foundation

/// A folder that is there with everything in it, or not at all.
enum ExportFolder {
  /// Makes a folder beside `path`, has it filled, and gives it its name.
  ///
  /// - Parameters:
  ///   - path: of a folder that does not exist, or is empty.
  ///   - fill: writes into the folder that it is given.
  /// - Returns: what `fill` returns.
  /// - Throws: ``AdapterExportError``, and what `fill` throws; nothing is then left at the path.
  static func write<Result>(_ path: String, _ fill: (String) throws -> Result) throws -> Result {
    try requireFree(path)
    let manager = FileManager.default
    // Its name would be a file's in a folder whose path ends in a slash.
    let target = URL(filePath: path).standardizedFileURL.path
    let temporary = "\(target).\(UInt32.random(in: 0...UInt32.max)).partial"
    do {
      try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    } catch {
      throw AdapterExportError.notWritable(path: path, reason: systemReason(of: error))
    }
    do {
      let result = try fill(temporary)
      // An empty folder gives way.
      guard rename(temporary, target) == 0 else {
        throw AdapterExportError.notWritable(path: path, reason: String(cString: strerror(errno)))
      }
      try PartialFile.syncFolder(of: target)
      return result
    } catch {
      try? manager.removeItem(atPath: temporary)
      throw error
    }
  }

  /// Checks that nothing would be overwritten.
  ///
  /// - Throws: ``AdapterExportError/occupied(path:)``.
  static func requireFree(_ path: String) throws(AdapterExportError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard isFolder.boolValue, names.isEmpty else { throw .occupied(path: path) }
  }
}

/// Why LoRA weights were not exported.
public enum AdapterExportError: BearLabError, Equatable {
  case occupied(path: String)
  case notWritable(path: String, reason: String)
  case nothingTrained(run: String, backbone: String)
  case otherLogits(path: String, gap: Float, tolerance: Float)
  case unknownTokenizer(path: String, kind: String)
  case unsupportedScaling(path: String, scaling: String)
  case unsupportedBias(path: String)

  public var description: String {
    switch self {
    case .occupied(let path): "\(path) is there, and would be overwritten"
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .nothingTrained(let run, let backbone):
      "the run in \(run) has no LoRA weights: backbone \(backbone) trains none"
    case .otherLogits(let path, let gap, let tolerance):
      "\(path), read back, gives logits that differ by \(gap), more than \(tolerance)"
    case .unknownTokenizer(let path, let kind):
      "\(path): its tokenizer splits text as '\(kind)', of which no tokenizer.json can be written"
    case .unsupportedScaling(let path, let scaling):
      "\(path): of rotary scaling \(scaling) a GGUF file has not all that config.json must say"
    case .unsupportedBias(let path):
      "\(path): has biases of Q, K and V but not of O, which config.json of its family cannot say"
    }
  }

  public var remedy: String {
    switch self {
    case .occupied: "give a path that does not exist, or an empty folder"
    case .notWritable: "check the path, its permissions and the space on the disk"
    case .nothingTrained: "export a run whose backbone trains the language model"
    case .otherLogits:
      "nothing was written; the weights may be too large for the type: give --type f32"
    case .unknownTokenizer, .unsupportedScaling, .unsupportedBias:
      "train on the model's Hugging Face folder, whose files are then copied"
    }
  }
}
