public import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// The folder of a run: what it was told, what it measured and what it learnt.
public struct RunFolder: Sendable {
  public let path: String

  /// A folder that exists.
  public init(existing path: String) throws(RunFolderError) {
    guard FileManager.default.fileExists(atPath: "\(path)/\(Self.descriptionName)") else {
      throw .notARun(path: path)
    }
    self.path = path
  }

  /// Makes a folder for a new run; nothing that is there is overwritten.
  public init(creating path: String) throws(RunFolderError) {
    try Self.requireFree(path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .notWritable(path: path, reason: error.localizedDescription)
    }
    self.path = path
  }

  /// Checks that a new run may use a folder, without making it.
  ///
  /// - Throws: ``RunFolderError/occupied(path:entries:)`` where there is anything in it.
  public static func requireFree(_ path: String) throws(RunFolderError) {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path),
      !entries.isEmpty
    else { return }
    throw .occupied(path: path, entries: entries.sorted())
  }

  static let descriptionName = "run.yaml"

  /// The file of the description.
  public var descriptionPath: String { "\(path)/\(Self.descriptionName)" }

  /// The checkpoint after an epoch, numbered from 1.
  public func checkpointPath(epoch: Int) -> String { "\(path)/checkpoint-\(epoch).h5" }

  /// The ranked lists of the test rows.
  public var predictionsPath: String { "\(path)/predictions.json" }

  /// The table at the end of a run.
  public var reportPath: String { "\(path)/report.md" }

  /// The text of `run.yaml`.
  public func readDescription() throws(RunFolderError) -> String {
    guard let text = try? String(contentsOfFile: descriptionPath, encoding: .utf8) else {
      throw .notARun(path: path)
    }
    return text
  }

  /// Writes a file of the run.
  public func write(_ text: String, to file: String) throws(RunFolderError) {
    do {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
    } catch {
      throw .notWritable(path: file, reason: error.localizedDescription)
    }
  }

  /// Opens a file of JSON lines for appending.
  func openLines(_ name: String) throws(RunFolderError) -> JSONLines {
    let file = "\(path)/\(name)"
    guard FileManager.default.createFile(atPath: file, contents: nil),
      let handle = FileHandle(forWritingAtPath: file)
    else { throw .notWritable(path: file, reason: "it cannot be created") }
    return JSONLines(handle: handle)
  }
}

/// Appends one JSON object a line, each written out at once.
final class JSONLines {
  private let handle: FileHandle
  private let encoder = JSONEncoder()

  init(handle: FileHandle) {
    self.handle = handle
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  func append(_ record: [String: JSONScalar]) throws { try append(encoding: record) }

  func append(_ figures: EvaluationFigures) throws { try append(encoding: figures) }

  private func append(encoding record: some Encodable) throws {
    var line = try encoder.encode(record)
    line.append(0x0A)
    try handle.write(contentsOf: line)
  }

  deinit { try? handle.close() }
}

/// A value of a line of metrics.
enum JSONScalar: Encodable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  case text(String)
  case integer(Int)
  case real(Double)

  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .integer(value) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .integer(let number): try container.encode(number)
    case .real(let number): try container.encode(number)
    }
  }
}

/// What can be wrong with a run's folder.
public enum RunFolderError: BearLabError, Equatable {
  case notARun(path: String)
  case occupied(path: String, entries: [String])
  case notWritable(path: String, reason: String)
  case noCheckpoint(path: String)
  case foreignCheckpoint(path: String, tensor: String, reason: String)

  public var description: String {
    switch self {
    case .notARun(let path): "\(path) holds no run: there is no readable run.yaml in it"
    case .occupied(let path, let entries):
      "the output folder \(path) is not empty: it holds "
        + entries.prefix(4).joined(separator: ", ") + (entries.count > 4 ? ", …" : "")
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .noCheckpoint(let path): "\(path) holds no checkpoint"
    case .foreignCheckpoint(let path, let tensor, let reason):
      "\(path) does not fit this run: \(tensor) \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .notARun: "give the folder of a run"
    case .occupied: "give --output a folder that does not exist, or is empty"
    case .notWritable: "check the permissions and the space on the disk"
    case .noCheckpoint: "train first: training.epochs must be at least 1"
    case .foreignCheckpoint: "use the checkpoint with the model and LoRA settings it was made with"
    }
  }
}
