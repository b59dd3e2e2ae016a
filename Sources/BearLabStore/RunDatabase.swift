internal import BearLabCore
internal import BearLabRun
internal import Foundation
internal import GRDB

/// The database file: what the folders of runs hold, as rows.
///
/// A row a run, and beside it a row a setting, a metric and a tag, for whoever asks with SQL. Times of
/// writing are short: all that takes long is read from the folders before.
final class RunDatabase {
  private let queue: DatabaseQueue
  let root: String

  /// Opens the database of a folder of runs, or makes it from the folders that are there.
  ///
  /// - Parameters:
  ///   - root: the folder.
  ///   - busySeconds: how long another process that writes is waited for.
  /// - Throws: what GRDB throws.
  init(root: String, busySeconds: Double) throws {
    self.root = root
    var configuration = Configuration()
    configuration.busyMode = .timeout(busySeconds)
    configuration.prepareDatabase { database in
      // Readers then do not wait for who writes; after a power cut the folders tell what is missing.
      try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    }
    queue = try Self.patiently(seconds: busySeconds) {
      try DatabaseQueue(path: "\(root)/\(RunStore.fileName)", configuration: configuration)
    }
    if try queue.read(Self.hasTables) { return }
    let found = RunStore.read(RunTree.runs(in: root), in: root)
    try queue.write { database in
      // Another process may have been faster.
      guard try !Self.hasTables(database) else { return }
      try database.execute(sql: Self.schema)
      for (name, facts) in Self.inOrder(found, root: root) {
        let (file, isNew) = try put(name, facts, database) { _ in }
        // A folder that cannot be written has its number in the database alone.
        if isNew { try? file.write(to: "\(root)/\(name)") }
      }
    }
  }

  /// Asked of the file, since GRDB remembers what it once found.
  private static func hasTables(_ database: Database) throws -> Bool {
    try Int.fetchOne(database, sql: "SELECT 1 FROM sqlite_schema WHERE name = 'run'") != nil
  }

  /// The change to WAL does not wait for other processes as all else does.
  private static func patiently<Result>(
    seconds: Double, _ open: () throws -> Result
  ) throws -> Result {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      do {
        return try open()
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        if ContinuousClock.now >= deadline { throw error }
        usleep(20_000)
      }
    }
  }

  private static let schema = """
    CREATE TABLE run (
      number INTEGER PRIMARY KEY AUTOINCREMENT, folder TEXT NOT NULL UNIQUE,
      created TEXT, started TEXT, ended TEXT, state TEXT, reason TEXT, note TEXT,
      settings_sha256 TEXT, dataset_sha256 TEXT, model_sha256 TEXT,
      training_seconds REAL, evaluation_seconds REAL, has_report INTEGER, stamp TEXT);
    CREATE TABLE setting (
      run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
      name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
    CREATE TABLE metric (
      run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
      name TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
    CREATE TABLE tag (
      run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
      place INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run, place)) WITHOUT ROWID;
    """

  /// Runs that have a number first, then by age: so none takes another one's number.
  static func inOrder(
    _ runs: [(name: String, facts: RunFacts)], root: String
  ) -> [(name: String, facts: RunFacts)] {
    func key(_ name: String) -> (Int, String, String) {
      let file = (try? StoreFile(of: "\(root)/\(name)")) ?? StoreFile()
      return (file.number == nil ? 1 : 0, file.created ?? began("\(root)/\(name)") ?? "", name)
    }
    return runs.map { (key($0.name), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  // MARK: Writing

  /// Changes what a run's `store.json` holds, and its row.
  ///
  /// The transaction keeps two processes from changing one file at once.
  ///
  /// - Throws: what GRDB throws, ``RunStoreError/unreadableFile(path:reason:)``, or `CheckpointError`
  ///   where the file cannot be written.
  func update(_ name: String, _ facts: RunFacts, _ change: (inout StoreFile) -> Void) throws {
    try queue.write { database in
      // It would be written without what it holds.
      _ = try StoreFile(of: "\(root)/\(name)")
      let (file, isNew) = try put(name, facts, database, change)
      if isNew { try file.write(to: "\(root)/\(name)") }
    }
  }

  /// Takes in runs that are new or were changed, and forgets others.
  func update(_ runs: [(name: String, facts: RunFacts)], removing gone: [String]) throws {
    try queue.write { database in
      for name in gone where !RunTree.isRun("\(root)/\(name)") {
        try database.execute(sql: "DELETE FROM run WHERE folder = ?", arguments: [name])
      }
      for (name, facts) in Self.inOrder(runs, root: root) {
        let (file, isNew) = try put(name, facts, database) { _ in }
        // A folder that cannot be written has its number in the database alone.
        if isNew { try? file.write(to: "\(root)/\(name)") }
      }
    }
  }

  /// Writes the row of a run; returns what its `store.json` is to hold, and whether it does not yet.
  ///
  /// In place of a file that cannot be read stands what the row had of it, and the file stays.
  private func put(
    _ name: String, _ facts: RunFacts, _ database: Database, _ change: (inout StoreFile) -> Void
  ) throws -> (file: StoreFile, isNew: Bool) {
    let path = "\(root)/\(name)"
    let readable = try? StoreFile(of: path)
    let before = try readable ?? storedFile(of: name, database) ?? StoreFile()
    var file = before
    change(&file)
    file.created = file.created ?? Self.began(path)
    file.number = try freeNumber(of: name, wanted: file.number, database)
    try database.execute(sql: "DELETE FROM run WHERE folder = ?", arguments: [name])
    try database.execute(
      sql: """
        INSERT INTO run VALUES (
          :number, :folder, :created, :started, :ended, :state, :reason, :note, :settings, :dataset,
          :model, :training, :evaluation, :report, :stamp)
        """,
      arguments: [
        "number": file.number, "folder": name, "created": file.created, "started": file.started,
        "ended": file.ended, "state": file.state?.rawValue, "reason": file.reason,
        "note": file.note, "settings": facts.settingsHash, "dataset": facts.datasetHash,
        "model": facts.modelHash, "training": facts.trainingSeconds,
        "evaluation": facts.evaluationSeconds, "report": facts.hasReport, "stamp": facts.stamp,
      ])
    let number = Int(database.lastInsertedRowID)
    file.number = number
    try putParts(number, facts, tags: file.tags, database)
    return (file, readable != nil && file != before)
  }

  /// What the database has of a run's `store.json`; nil for a run that it does not know.
  private func storedFile(of name: String, _ database: Database) throws -> StoreFile? {
    let row = try Row.fetchOne(
      database, sql: "SELECT * FROM run WHERE folder = ?", arguments: [name])
    guard let row else { return nil }
    let number: Int = row["number"]
    let tags = try String.fetchAll(
      database, sql: "SELECT name FROM tag WHERE run = ? ORDER BY place", arguments: [number])
    return Self.file(row, tags: tags)
  }

  private func putParts(
    _ number: Int, _ facts: RunFacts, tags: [String], _ database: Database
  ) throws {
    for (name, value) in facts.settings {
      try database.execute(
        sql: "INSERT INTO setting VALUES (?, ?, ?)", arguments: [number, name, value])
    }
    for (name, value) in facts.metrics where value.isFinite {
      try database.execute(
        sql: "INSERT INTO metric VALUES (?, ?, ?)", arguments: [number, name, value])
    }
    for (place, tag) in tags.enumerated() {
      try database.execute(
        sql: "INSERT INTO tag VALUES (?, ?, ?)", arguments: [number, place, tag])
    }
  }

  /// The number that a run has in its folder or in the database, unless another one has it, such as
  /// the one that it was copied from; nil for a new one.
  private func freeNumber(of name: String, wanted: Int?, _ database: Database) throws -> Int? {
    let own = try Int.fetchOne(
      database, sql: "SELECT number FROM run WHERE folder = ?", arguments: [name])
    guard let wanted, wanted > 0, wanted != own else { return own }
    let holder = try String.fetchOne(
      database, sql: "SELECT folder FROM run WHERE number = ?", arguments: [wanted])
    guard let holder else { return wanted }
    if RunTree.isRun("\(root)/\(holder)") { return own }
    // It was moved here.
    try database.execute(sql: "DELETE FROM run WHERE number = ?", arguments: [wanted])
    return wanted
  }

  /// When a run began that nobody registered, as far as its files tell.
  private static func began(_ path: String) -> String? {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: "\(path)/\(RunFolder.descriptionName)")
    return (attributes?[.modificationDate] as? Date).map(StoreFile.text)
  }

  // MARK: Reading

  /// Whether SQLite finds nothing wrong with the file.
  func isWhole() throws -> Bool {
    try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") == "ok" }
  }

  /// All runs by their folders.
  func entries() throws -> [String: RunEntry] {
    try queue.read { database in
      let settings = try Self.parts(
        Row.fetchAll(database, sql: "SELECT run, name, value FROM setting"), of: String.self)
      let metrics = try Self.parts(
        Row.fetchAll(database, sql: "SELECT run, name, value FROM metric"), of: Double.self)
      var tags: [Int: [String]] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT run, name FROM tag ORDER BY place") {
        tags[row["run"], default: []].append(row["name"])
      }
      var entries: [String: RunEntry] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT * FROM run") {
        let number: Int = row["number"]
        let name: String = row["folder"]
        var facts = Self.facts(row)
        facts.settings = settings[number] ?? [:]
        facts.metrics = metrics[number] ?? [:]
        entries[name] = RunEntry(
          number: number, name: name, path: "\(root)/\(name)",
          file: Self.file(row, tags: tags[number] ?? []), facts: facts)
      }
      return entries
    }
  }

  private static func parts<Value: DatabaseValueConvertible>(
    _ rows: [Row], of type: Value.Type
  ) -> [Int: [String: Value]] {
    var parts: [Int: [String: Value]] = [:]
    for row in rows {
      let (run, name, value): (Int, String, Value) = (row["run"], row["name"], row["value"])
      parts[run, default: [:]][name] = value
    }
    return parts
  }

  private static func file(_ row: Row, tags: [String]) -> StoreFile {
    var file = StoreFile()
    file.number = row["number"]
    file.created = row["created"]
    file.started = row["started"]
    file.ended = row["ended"]
    let state: String? = row["state"]
    file.state = state.flatMap(RunState.init)
    file.reason = row["reason"]
    file.note = row["note"] ?? ""
    file.tags = tags
    return file
  }

  private static func facts(_ row: Row) -> RunFacts {
    var facts = RunFacts()
    facts.stamp = row["stamp"] ?? ""
    facts.hasReport = row["has_report"] ?? false
    facts.settingsHash = row["settings_sha256"]
    facts.datasetHash = row["dataset_sha256"]
    facts.modelHash = row["model_sha256"]
    facts.trainingSeconds = row["training_seconds"] ?? 0
    facts.evaluationSeconds = row["evaluation_seconds"] ?? 0
    return facts
  }
}

/// Whether an error says that a file is no database, or a damaged one.
func isDamage(_ error: any Error) -> Bool {
  guard let error = error as? DatabaseError else { return false }
  return error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT
}

/// What an error says; a database's without the statement that was at work.
func words(of error: any Error) -> String {
  if let error = error as? any BearLabError { return error.description }
  guard let error = error as? DatabaseError else { return error.localizedDescription }
  return error.message ?? error.resultCode.description
}
