public import BearLabRun
internal import Foundation

/// What a user gives for a run: its folder, its number, its name, the beginning of it, or a tag.
public enum RunReference {
  /// The folder of the runs that are not given by a path, in the working folder.
  public static let defaultRoot = "runs"

  /// Finds a run.
  ///
  /// - Parameters:
  ///   - text: a folder; else what names one run of `root`, or behind a slash of another folder
  ///     that has a store, such as `elsewhere/3`.
  ///   - root: the folder of the runs.
  /// - Returns: the path of the run's folder; of what looks like a path and is none, the text itself.
  /// - Throws: ``RunStoreError/unknownRun(_:folder:known:)`` or ``RunStoreError/ambiguous(_:runs:)``.
  public static func path(
    of text: String, in root: String = defaultRoot
  ) throws(RunStoreError) -> String {
    guard let (name, folder) = parts(of: text, root: root) else { return text }
    return try "\(folder)/\(find(name, in: RunStore(folder).entries(), folder: folder).name)"
  }

  /// Finds runs of which each is to be given once.
  ///
  /// - Throws: also ``RunStoreError/givenTwice(_:)``.
  public static func paths(
    of texts: [String], in root: String = defaultRoot
  ) throws(RunStoreError) -> [String] {
    var paths: [String] = []
    for text in texts { paths.append(try path(of: text, in: root)) }
    try requireDistinct(paths)
    return paths
  }

  /// Checks that no folder is given twice, in whatever words.
  ///
  /// - Throws: ``RunStoreError/givenTwice(_:)``.
  public static func requireDistinct(_ paths: [String]) throws(RunStoreError) {
    for (place, path) in paths.enumerated()
    where paths[..<place].contains(where: { isSame($0, path) }) {
      throw .givenTwice(path)
    }
  }

  /// Whether two paths are those of one folder, as `a` and `a/` are.
  public static func isSame(_ first: String, _ second: String) -> Bool {
    RunTree.standard(first) == RunTree.standard(second)
  }

  /// Finds a run; see ``path(of:in:)``.
  ///
  /// - Throws: also `RunFolderError/notARun(path:)`.
  public static func folder(_ text: String, in root: String = defaultRoot) throws -> RunFolder {
    try RunFolder(existing: path(of: text, in: root))
  }

  /// Finds a run in its store.
  ///
  /// - Returns: the store, and the run.
  /// - Throws: also `RunFolderError/notARun(path:)`.
  public static func entry(
    _ text: String, in root: String = defaultRoot
  ) throws -> (store: RunStore, entry: RunEntry) {
    if let (name, folder) = parts(of: text, root: root) {
      let store = RunStore(folder)
      return (store, try find(name, in: store.entries(), folder: folder))
    }
    let path = RunTree.standard(try RunFolder(existing: text).path)
    let store = RunStore(RunTree.root(of: path))
    guard let entry = store.entries().first(where: { $0.path == path }) else {
      throw RunFolderError.notARun(path: text)
    }
    return (store, entry)
  }

  /// A name and the folder of runs that it is looked up in; nil for a path.
  private static func parts(of text: String, root: String) -> (name: String, folder: String)? {
    let files = FileManager.default
    if RunTree.isRun(text) { return nil }
    // A run of a store may be deeper than its root: `reproduce/table2-bear`, and `elsewhere/3`.
    if let slash = text.lastIndex(of: "/") {
      let holder = String(text[..<slash])
      if files.fileExists(atPath: "\(holder)/\(RunStore.fileName)") {
        return (String(text[text.index(after: slash)...]), holder)
      }
    }
    let isPath =
      text.hasPrefix("/") || text.hasPrefix(".")
      || text.contains("/") && files.fileExists(atPath: text)
    return text.isEmpty || isPath || !files.fileExists(atPath: root) ? nil : (text, root)
  }

  /// The run that a text names; numbers before names, names before tags, tags before beginnings.
  static func find(
    _ text: String, in entries: [RunEntry], folder: String
  ) throws(RunStoreError) -> RunEntry {
    let steps: [(RunEntry) -> Bool] = [
      { $0.number.map(String.init) == text },
      { $0.name == text },
      { $0.tags.contains(text) },
      { $0.name.hasPrefix(text) },
    ]
    for isNamed in steps {
      let found = entries.filter(isNamed)
      // The seeds of a series begin with its name.
      let outer = found.filter { entry in
        !found.contains { entry.name.hasPrefix($0.name + "/") }
      }
      guard outer.count < 2 else {
        throw .ambiguous(text, runs: outer.map { "\($0.number.map { "\($0) " } ?? "")\($0.name)" })
      }
      if let entry = outer.first { return entry }
    }
    throw .unknownRun(
      text, folder: folder, known: Set(entries.flatMap { [$0.name] + $0.tags }).sorted())
  }
}
