public import BearLabCore
internal import BearLabCheckpoint
internal import BearLabFormats
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
      throw .notWritable(path: path, reason: systemReason(of: error))
    }
    self.path = path
  }

  /// Checks that a new run may use a folder, without making it.
  ///
  /// What a kill left half written does not count.
  ///
  /// - Throws: ``RunFolderError/occupied(path:entries:)`` where there is anything in it, or
  ///   ``RunFolderError/notAFolder(path:)``.
  public static func requireFree(_ path: String) throws(RunFolderError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
      throw .notAFolder(path: path)
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let entries = names.filter { !DurableFile.isPartial($0) }
    guard !entries.isEmpty else { return }
    throw .occupied(path: path, entries: entries.sorted())
  }

  package static let descriptionName = "run.yaml"

  /// Whether a run began here.
  var hasDescription: Bool { FileManager.default.fileExists(atPath: descriptionPath) }

  /// The file of the description.
  public var descriptionPath: String { "\(path)/\(Self.descriptionName)" }

  /// The checkpoint after an epoch and its evaluation, numbered from 1; kept for good.
  public func checkpointPath(epoch: Int) -> String { "\(path)/checkpoint-epoch-\(epoch).h5" }

  /// The checkpoint after a number of optimiser steps; the newest two are kept.
  public func checkpointPath(step: Int) -> String { "\(path)/checkpoint-step-\(step).h5" }

  /// The ranked lists of the test rows.
  public var predictionsPath: String { "\(path)/predictions.json" }

  /// What became of the target of each test row; see `bear-lab diagnose`.
  public var diagnosisPath: String { "\(path)/diagnosis.jsonl" }

  /// The table at the end of a run.
  public var reportPath: String { "\(path)/report.md" }

  /// The report of a run that has ended; nil before that.
  public var report: String? { try? String(contentsOfFile: reportPath, encoding: .utf8) }

  /// The text of `run.yaml`.
  public func readDescription() throws(RunFolderError) -> String {
    // Unlike Foundation's reader, it does not wait for somebody to write to a pipe.
    guard let text = try? MappedFile.text(path: descriptionPath) else {
      throw .notARun(path: path)
    }
    return text
  }

  /// What the run found when it began.
  package func readRecord() throws -> RunRecord {
    try RunRecord(yaml: readDescription(), path: descriptionPath)
  }

  /// Writes a file of the run; it is there whole, or as it was.
  public func write(_ text: String, to file: String) throws(RunFolderError) {
    try Self.replace(file, with: text)
  }

  /// Writes a file anywhere; it is there whole, or as it was.
  static func replace(_ file: String, with text: String) throws(RunFolderError) {
    do {
      try DurableFile.replace(file, with: Array(text.utf8))
    } catch .notWritten(let path, let reason) {
      throw .notWritable(path: path, reason: reason)
    } catch {
      throw .notWritable(path: file, reason: error.description)
    }
  }

  /// Opens a file of JSON lines for appending; see ``JSONLines/init(continuing:keeping:)``.
  func openLines(_ name: String, keeping length: Int? = nil) throws(RunFolderError) -> JSONLines {
    try JSONLines(continuing: "\(path)/\(name)", keeping: length)
  }
}

/// What can be wrong with a run's folder.
public enum RunFolderError: BearLabError, Equatable {
  case notARun(path: String)
  case occupied(path: String, entries: [String])
  case notAFolder(path: String)
  case notWritable(path: String, reason: String)
  case inUse(path: String)
  case noCheckpoint(path: String)
  case otherObjective(path: String, trained: String, given: String)
  case otherRecommender(path: String, trained: String, given: String)
  case otherAdapter(path: String, trained: String, given: String)
  case foreignCheckpoint(path: String, tensor: String, reason: String)
  case shortMetrics(path: String, recorded: Int, found: Int)
  case changedSettings(path: String)
  case changedFile(name: String, recorded: String, found: String)

  public var description: String {
    switch self {
    case .notARun(let path): "\(path) holds no run: there is no readable run.yaml in it"
    case .occupied(let path, let entries):
      "the output folder \(path) is not empty: it holds "
        + entries.prefix(4).joined(separator: ", ") + (entries.count > 4 ? ", …" : "")
    case .notAFolder(let path): "the output folder \(path) is a file"
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .inUse(let path): "\(path) is being written by another process"
    case .noCheckpoint(let path): "\(path) holds no checkpoint of an epoch"
    case .otherObjective(let path, let trained, let given),
      .otherRecommender(let path, let trained, let given),
      .otherAdapter(let path, let trained, let given):
      "the run in \(path) was trained with \(trained), not with \(given)"
    case .foreignCheckpoint(let path, let tensor, let reason):
      "\(path) does not fit this run: \(tensor) \(reason)"
    case .shortMetrics(let path, let recorded, let found):
      "\(path) was written when metrics.jsonl had \(recorded) bytes, and it has \(found) now"
    case .changedSettings(let path):
      "\(path) was written with other settings than run.yaml holds now"
    case .changedFile(let name, let recorded, let found):
      "\(name) is another file than when the run began: its SHA-256 is \(found), and was \(recorded)"
    }
  }

  public var remedy: String {
    switch self {
    case .notARun: "give the folder of a run"
    case .occupied(let path, let entries) where entries.contains(RunFolder.descriptionName):
      "give --output a folder that does not exist, or is empty; to continue the run that is there: "
        + "bear-lab resume \(path)"
    case .occupied, .notAFolder: "give --output a folder that does not exist, or is empty"
    case .notWritable: "check the path, its permissions and the space on the disk"
    case .inUse: "wait until the other process has ended, or stop it"
    case .noCheckpoint:
      "train an epoch first: resume the run, or set training.epochs to at least 1; of a series of "
        + "seeds give the folder of one, seed-<n>"
    case .shortMetrics: "put the former metrics.jsonl back, or let the run begin anew"
    case .changedSettings:
      "put run.yaml back as it was, or start a new run from it: bear-lab run --config RUN/run.yaml"
    case .changedFile: "put the former file back, or start a new run"
    case .otherObjective:
      "leave the objective out; evaluation.constraint says where the trie comes in decoding"
    case .otherAdapter: "leave --adapter out: a run's checkpoints have all of its LoRA weights"
    case .otherRecommender: "leave the recommender and its settings out, or start a new run"
    case .foreignCheckpoint: "use the checkpoint with the model and LoRA settings it was made with"
    }
  }
}
