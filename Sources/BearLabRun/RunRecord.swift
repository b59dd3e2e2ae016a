internal import BearLabData
internal import BearLabTensor
internal import Foundation
internal import Yams

/// What a run found when it began: versions, hashes, instruction set, threads.
///
/// It stands in `run.yaml` below the settings. Who continues the run must find the same.
public struct RunRecord: Sendable, Equatable {
  /// Names and values, in the order of `run.yaml`.
  public let entries: [(name: String, value: String)]

  /// Notes what is in force now, but for the recommender, which may have to be trained.
  ///
  /// - Throws: ``ResourceError`` where the backbone's sentence encoder is missing, or why it cannot be
  ///   read.
  init(_ experiment: some PreparedExperiment) throws {
    var entries: [(name: String, value: String)] = [
      ("bear-lab", BearLab.version), ("instruction-set", Compute.instructionSet),
      ("threads", "\(Compute.threads)"),
      ("protocol", experiment.description.protocolSummary),
    ]
    if let hash = experiment.modelHash { entries.append(("model-sha256", hash)) }
    if let hash = try experiment.encoderHash { entries.append(("encoder-sha256", hash)) }
    if let hash = experiment.adapterHash { entries.append(("adapter-sha256", hash)) }
    if let hash = experiment.initialHash { entries.append(("init-from-sha256", hash)) }
    for (name, hash) in experiment.dataset.fileHashes.sorted(by: { $0.key < $1.key }) {
      entries.append(("\(name)-sha256", hash))
    }
    for library in experiment.libraries {
      let name = Self.plugin + URL(filePath: library.path).lastPathComponent
      // Folders in two places may have one name, and YAML takes a key once.
      let others = entries.count { $0.name == "\(name)-sha256" || $0.name.hasPrefix("\(name)#") }
      let key = others == 0 ? name : "\(name)#\(others + 1)"
      entries.append(("\(key)-sha256", library.hash))
    }
    self.entries = entries
  }

  /// What the name of a plug-in's hash begins with.
  public static let plugin = "plugin-"

  private init(entries: [(name: String, value: String)]) { self.entries = entries }

  /// The record with the recommender that was trained or read.
  func adding(_ recommender: TrainedRecommender.File) -> RunRecord {
    RunRecord(
      entries: entries + [
        ("recommender", recommender.name), (Self.recommenderHash, recommender.hash),
      ])
  }

  private static let recommenderHash = "recommender-sha256"

  /// Writes `run.yaml` into the folder of a new run, or compares with that of one which continues.
  ///
  /// - Throws: ``RunFolderError/changedFile(name:recorded:found:)`` for other data or weights.
  func begin(
    _ description: RunDescription, in folder: RunFolder, observer: (RunEvent) -> Void
  ) throws {
    if folder.hasDescription {
      try differences(from: folder.readRecord()).forEach { observer(.notice($0)) }
    } else {
      try folder.write(description.yaml(record: entries), to: folder.descriptionPath)
    }
  }

  /// Reads the record of a `run.yaml`; empty where there is none.
  ///
  /// - Throws: ``RunDescriptionError/malformedYAML(path:reason:)``.
  public init(yaml text: String, path: String) throws(RunDescriptionError) {
    let root: Node?
    do {
      root = try SafeYAML.root(of: text)
    } catch {
      throw .malformedYAML(path: path, reason: "line \(error.line): \(error.problem)")
    }
    let record = root?.mapping?["record"]?.mapping
    entries = (record.map(Array.init) ?? []).compactMap { name, value in
      guard let name = name.string, let value = value.scalar?.string else { return nil }
      return (name, value)
    }
  }

  /// The value of an entry.
  public subscript(name: String) -> String? { entries.first { $0.name == name }?.value }

  public static func == (first: RunRecord, second: RunRecord) -> Bool {
    first.entries.elementsEqual(second.entries) { $0 == $1 }
  }

  /// The model and data files that are not those of the beginning, by their SHA-256.
  func changedFiles(since began: RunRecord) -> [RunFolderError] {
    var names = Set((entries + began.entries).map(\.name).filter { $0.hasSuffix("-sha256") })
    names.remove(Self.recommenderHash)
    // What the run does not know of does not change it.
    names = names.filter { !$0.hasPrefix(Self.plugin) || began[$0] != nil }
    return names.sorted().compactMap { name in
      let (recorded, found) = (began[name], self[name])
      guard recorded != found else { return nil }
      return .changedFile(
        name: String(name.dropLast("-sha256".count)), recorded: recorded ?? "absent",
        found: found ?? "absent")
    }
  }

  /// Why a recommender is not that of the beginning; nil where it is, or where none was recorded.
  func change(to recommender: TrainedRecommender.File) -> RunFolderError? {
    guard let recorded = self[Self.recommenderHash], recorded != recommender.hash else {
      return nil
    }
    return .changedFile(
      name: "recommender \(recommender.name)", recorded: recorded, found: recommender.hash)
  }

  /// Checks that a run which continues under `self` is the one that began.
  ///
  /// - Returns: what makes its numbers differ in the last bits, for the user to know.
  /// - Throws: ``RunFolderError/changedFile(name:recorded:found:)`` for other data or weights.
  func differences(from began: RunRecord) throws(RunFolderError) -> [String] {
    if let changed = changedFiles(since: began).first { throw changed }
    return ["bear-lab", "instruction-set", "threads"].compactMap { name in
      guard let recorded = began[name], let found = self[name], recorded != found else {
        return nil
      }
      return "the run began with \(name) \(recorded) and continues with \(found): "
        + "its numbers may differ in the last bits"
    }
  }
}
