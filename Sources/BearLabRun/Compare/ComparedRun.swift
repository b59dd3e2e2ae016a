internal import BearLabCore
internal import Foundation

/// A run as it is compared: where it was measured, with which settings, and every row.
struct ComparedRun {
  let path: String
  /// Which rows: fine-tuned, zero-shot, or a recommender's name.
  let rowsName: String
  /// By `section.name`, or the name of a general setting.
  let settings: [String: String]
  let record: RunRecord
  let rows: [RankedRow.Key: RankedRow]

  /// Reads a run's folder.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - name: which rows; nil for those of what the run trained.
  /// - Throws: ``RunFolderError``, ``RunDescriptionError``, ``ComparisonError``, and `FileError`.
  init(path: String, rows name: String?) throws {
    let folder = try RunFolder(existing: path)
    let text = try folder.readDescription()
    settings = try Dictionary(
      RunDescription.assignments(yaml: text, path: folder.descriptionPath).map {
        ($0.path, $0.text)
      }
    ) { $1 }
    record = try RunRecord(yaml: text, path: folder.descriptionPath)
    self.path = path
    rowsName = name ?? Self.trained(settings)
    let file = RowResults.path(rowsName, in: folder)
    guard FileManager.default.fileExists(atPath: file) else {
      throw ComparisonError.noRows(
        path: path, name: rowsName, available: RowResults.names(in: path))
    }
    rows = try RankedRow.read(path: file)
    guard !rows.isEmpty else {
      throw ComparisonError.malformedRow(path: file, line: 1, reason: "is missing")
    }
  }

  /// The rows of what a run trained, or of what it had where it trained nothing.
  private static func trained(_ settings: [String: String]) -> String {
    if settings["backbone"] == RunDescription.noBackbone, let name = settings["recommender"] {
      return name
    }
    return settings["training.epochs"] == "0" ? "zero-shot" : "fine-tuned"
  }

  var seed: Int? { settings["seed"].flatMap { Int($0) } }

  /// Whether its lists come from the run's decoder.
  var isDecoded: Bool { ["fine-tuned", "zero-shot"].contains(rowsName) }

  /// How long its lists are at most; nil where no setting says so.
  var listLength: Int? {
    // Recommenders rank all titles, and rows hold the first ten.
    guard isDecoded else { return 10 }
    return (settings["decoder.list"] ?? settings["decoder.width"]).flatMap { Int($0) }
  }

  /// SHA-256 by name of the files that rows and titles come from.
  var dataHashes: [String: String] {
    // The words of the prompt belong to the method, and weights and plug-ins do.
    let others = ["model", "encoder", "adapter", "init-from", "recommender", "dataset.yaml"]
    return Dictionary(
      record.entries.compactMap { name, value in
        guard name.hasSuffix("-sha256") else { return nil }
        let file = String(name.dropLast("-sha256".count))
        return others.contains(file) || file.hasPrefix(RunRecord.plugin) ? nil : (file, value)
      }
    ) { $1 }
  }
}

/// What is compared: one run, or the runs of one method with several seeds.
struct ComparedMethod {
  /// As tables call it.
  let name: String
  /// In the order of their seeds.
  let runs: [ComparedRun]

  var seeds: [Int] { runs.compactMap(\.seed) }

  /// Reads a run or a series of seeds.
  ///
  /// - Parameters:
  ///   - reference: a folder, or `FOLDER:rows`.
  ///   - rows: which rows where the reference does not say; nil for those of what was trained.
  /// - Throws: as ``ComparedRun/init(path:rows:)``, and
  ///   ``ComparisonError/missingSeeds(path:seeds:)``.
  init(_ reference: String, rows: String?) throws {
    let (path, own) = Self.parts(of: reference)
    let rows = own ?? rows
    name = reference
    let seeds = try Self.series(in: path)
    runs =
      try seeds.isEmpty
      ? [ComparedRun(path: path, rows: rows)]
      : seeds.map { try ComparedRun(path: "\(path)/seed-\($0)", rows: rows) }
  }

  /// A reference and the name of rows behind its last colon; a folder may have a colon in its name.
  private static func parts(of reference: String) -> (path: String, rows: String?) {
    guard let colon = reference.lastIndex(of: ":"), colon != reference.startIndex,
      !FileManager.default.fileExists(atPath: reference)
    else { return (reference, nil) }
    return (String(reference[..<colon]), String(reference[reference.index(after: colon)...]))
  }

  /// The seeds of a series; none for a single run.
  private static func series(in path: String) throws -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.compactMap { name -> Int? in
      guard name.hasPrefix("seed-") else { return nil }
      let description = "\(path)/\(name)/\(RunFolder.descriptionName)"
      return FileManager.default.fileExists(atPath: description) ? Int(name.dropFirst(5)) : nil
    }.sorted()
    guard let folder = try? RunFolder(existing: path) else { return found }
    let settings = try RunDescription.assignments(
      yaml: folder.readDescription(), path: folder.descriptionPath)
    let text = settings.last { $0.section.isEmpty && $0.name == "seeds" }?.text ?? ""
    guard !text.isEmpty else { return [] }
    let expected = try RunDescription.seeds(of: text).sorted()
    let missing = expected.filter { !found.contains($0) }
    guard missing.isEmpty else {
      throw ComparisonError.missingSeeds(path: path, seeds: missing)
    }
    return expected
  }
}
