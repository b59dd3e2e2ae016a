internal import BearLabCore
internal import BearLabRun
internal import Foundation

/// The runs of a folder: a list made from the run folders, with a database beside them as its memory.
///
/// The folders are the truth. Where the database cannot be used, because its file is damaged, locked
/// or in a folder that cannot be written, the list is made from the folders alone, and ``problem``
/// says why: nothing that is asked of the store fails because of it.
public final class RunStore {
  /// The name of the database in the folder of runs.
  public static let fileName = "bear-lab.sqlite"

  /// The full path of the folder of runs.
  public let root: String
  /// Why the database is not used; nil while it is.
  public private(set) var problem: String?
  private var database: RunDatabase?
  private let busySeconds: Double

  /// Opens the store of a folder; a database is made where there is none.
  ///
  /// - Parameters:
  ///   - root: the folder of runs.
  ///   - busySeconds: how long another process that writes is waited for.
  public init(_ root: String, busySeconds: Double = 30) {
    self.root = RunTree.standard(root)
    self.busySeconds = busySeconds
    open()
  }

  private func open() {
    problem = nil
    // No file is left behind where there is nothing to list, nor where the store above has the runs.
    guard RunTree.owner(of: root) == root, hasFile || !RunTree.runs(in: root).isEmpty else {
      return
    }
    do {
      database = try RunDatabase(root: root, busySeconds: busySeconds)
    } catch {
      giveUp(error)
    }
  }

  private var hasFile: Bool {
    FileManager.default.fileExists(atPath: "\(root)/\(Self.fileName)")
  }

  private func giveUp(_ error: any Error) {
    database = nil
    problem = "\(root)/\(Self.fileName) cannot be used: \(words(of: error))"
  }

  /// Asks the database; nil where it cannot be used.
  private func attempt<Result>(_ work: (RunDatabase) throws -> Result) -> Result? {
    guard let database else { return nil }
    do {
      return try work(database)
    } catch {
      giveUp(error)
      return nil
    }
  }

  /// What the files of some runs tell.
  static func read(_ names: [String], in root: String) -> [(name: String, facts: RunFacts)] {
    names.map { ($0, RunFacts(of: "\(root)/\($0)")) }
  }

  // MARK: Reading

  /// All runs as they are now, by their numbers.
  ///
  /// Folders that were added, changed or removed since the last time are noticed.
  public func entries() -> [RunEntry] {
    refresh(all: false)
    let entries =
      attempt { Array(try $0.entries().values) }
      ?? Self.read(RunTree.runs(in: root), in: root).map {
        entry(name: $0.name, facts: $0.facts)
      }
    return entries.map { $0.looked() }.sorted {
      ($0.number ?? .max, $0.name) < ($1.number ?? .max, $1.name)
    }
  }

  /// What is wrong with the runs' files that cannot be read: they stay as they are, and so does what
  /// the database has of their runs.
  public var unreadableFiles: [RunStoreError] {
    RunTree.runs(in: root).compactMap { name -> RunStoreError? in
      do throws(RunStoreError) {
        _ = try StoreFile(of: "\(root)/\(name)")
        return nil
      } catch {
        return error
      }
    }
  }

  /// A run without the help of the database.
  private func entry(name: String, facts: RunFacts) -> RunEntry {
    let path = "\(root)/\(name)"
    let file = (try? StoreFile(of: path)) ?? StoreFile()
    return RunEntry(number: file.number, name: name, path: path, file: file, facts: facts)
  }

  /// Brings the rows up to the folders, and returns how many are gone.
  @discardableResult
  private func refresh(all: Bool) -> Int {
    guard let known = attempt({ try $0.entries() }) else { return 0 }
    let names = RunTree.runs(in: root)
    let changed = names.filter { name in
      guard !all, let entry = known[name] else { return true }
      let path = "\(root)/\(name)"
      if entry.facts.stamp != RunFacts.stamp(of: path) { return true }
      // A folder that cannot be written has none.
      guard let file = try? StoreFile(of: path), file.number != nil else { return false }
      return file != entry.file
    }
    let gone = Set(known.keys).subtracting(names)
    if !changed.isEmpty || !gone.isEmpty {
      let runs = Self.read(changed, in: root)
      _ = attempt { try $0.update(runs, removing: gone.sorted()) }
    }
    return gone.count
  }

  // MARK: Writing

  /// Makes the database again from the folders; one that is damaged is removed first.
  ///
  /// - Returns: the folder of the database, that above a folder which has none of its own; the runs
  ///   that there are, and those that are gone.
  /// - Throws: ``RunStoreError/noFolder(path:)``, or ``RunStoreError/unusable(_:)``.
  @discardableResult
  public func reindex() throws(RunStoreError) -> (root: String, runs: Int, gone: Int) {
    guard FileManager.default.fileExists(atPath: root) else { throw .noFolder(path: root) }
    let owner = RunTree.owner(of: root)
    guard owner == root else { return try RunStore(owner).reindex() }
    if hasFile, isDamaged() {
      database = nil
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: "\(root)/\(Self.fileName)\(suffix)")
      }
    }
    if database == nil { open() }
    let gone = refresh(all: true)
    if let problem { throw .unusable(problem) }
    return (root, entries().count, gone)
  }

  /// Whether the file is there and no whole database.
  private func isDamaged() -> Bool {
    do {
      guard let database else {
        _ = try RunDatabase(root: root, busySeconds: busySeconds)
        return false
      }
      return try !database.isWhole()
    } catch {
      return isDamage(error)
    }
  }

  /// Notes that a run is in another state now.
  func enter(_ state: RunState, run path: String, reason: String?) throws {
    let time = StoreFile.now
    try update(RunTree.standard(path)) { $0.enter(state, reason: reason, at: time) }
  }

  /// Gives tags to a run, or takes them from it.
  ///
  /// - Parameters:
  ///   - entry: the run.
  ///   - tags: words.
  ///   - removing: whether they are taken away.
  /// - Returns: the tags that it has then.
  /// - Throws: ``RunStoreError/unusableTag(_:)``, ``RunStoreError/unreadableFile(path:reason:)``, or
  ///   why `store.json` cannot be written.
  @discardableResult
  public func tag(
    _ entry: RunEntry, _ tags: [String], removing: Bool = false
  ) throws -> [String] {
    for tag in tags where !Self.isUsable(tag) { throw RunStoreError.unusableTag(tag) }
    try update(entry.path) { file in
      let others = file.tags.filter { !tags.contains($0) }
      file.tags = removing ? others : others + Set(tags).sorted()
    }
    return try StoreFile(of: entry.path).tags
  }

  /// Whether a tag can stand on a command line, and is no number, path or list.
  private static func isUsable(_ tag: String) -> Bool {
    !tag.isEmpty && Int(tag) == nil && !tag.hasPrefix("-")
      && tag.unicodeScalars.allSatisfy {
        !$0.properties.isWhitespace && $0.properties.generalCategory != .control
          && !",/".unicodeScalars.contains($0)
      }
  }

  /// Writes a note on a run in place of the one that it has.
  ///
  /// - Throws: ``RunStoreError/unreadableFile(path:reason:)``, or why `store.json` cannot be written.
  public func note(_ entry: RunEntry, _ text: String) throws {
    try update(entry.path) { $0.note = text }
  }

  private func update(_ path: String, _ change: (inout StoreFile) -> Void) throws {
    let name = String(path.dropFirst(root == "/" ? 1 : root.count + 1))
    do {
      if let database { return try database.update(name, RunFacts(of: path), change) }
    } catch let error as any BearLabError {
      throw error
    } catch {
      giveUp(error)
    }
    // The folder holds it, whatever became of the database.
    var file = try StoreFile(of: path)
    change(&file)
    try file.write(to: path)
  }

  /// Removes the folder of a run, and of a series those of its seeds.
  ///
  /// - Throws: `RunFolderError/inUse(path:)` for a run that is at work, or why a file cannot be removed.
  public func delete(_ entry: RunEntry) throws {
    let seeds = RunTree.seeds(of: entry.path)
    let locks = try ([entry.path] + seeds.map { "\(entry.path)/\($0)" }).map { try RunLock($0) }
    try withExtendedLifetime(locks) {
      // The description last: what is killed on the way is still a run, to be deleted again.
      for name in try FileManager.default.contentsOfDirectory(atPath: entry.path)
      where name != RunFolder.descriptionName {
        try FileManager.default.removeItem(atPath: "\(entry.path)/\(name)")
      }
      try FileManager.default.removeItem(atPath: entry.path)
    }
    refresh(all: false)
  }
}
