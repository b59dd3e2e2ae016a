internal import BearLabRun
internal import Foundation

/// Where runs are: in a folder, in folders of it such as those of `reproduce`, and in series of seeds.
enum RunTree {
  /// Whether a run began in a folder.
  static func isRun(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(RunFolder.descriptionName)")
  }

  /// The runs of a folder by their paths in it, sorted.
  static func runs(in root: String) -> [String] {
    func found(_ name: String) -> [String] {
      let path = "\(root)/\(name)"
      return isRun(path) ? [name] + seeds(of: path).map { "\(name)/\($0)" } : []
    }
    return names(in: root).flatMap { name in
      let path = "\(root)/\(name)"
      if isRun(path) || isStore(path) { return found(name) }
      return names(in: path).flatMap { found("\(name)/\($0)") }
    }
  }

  /// The names of the runs in the folder of a series of seeds.
  static func seeds(of series: String) -> [String] {
    names(in: series).filter { $0.hasPrefix("seed-") && isRun("\(series)/\($0)") }
  }

  /// What is in a folder, hidden things aside; nothing is in a file.
  private static func names(in path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Whether a folder has a store of its own, so that its runs are in no other.
  private static func isStore(_ path: String) -> Bool {
    path.hasSuffix("/\(RunReference.defaultRoot)")
      || FileManager.default.fileExists(atPath: "\(path)/\(RunStore.fileName)")
  }

  /// The folder whose store a run belongs to: the one that holds the run, or its series, unless that
  /// has no store, and the one above it has.
  static func root(of path: String) -> String {
    var holder = parent(of: standard(path))
    if isRun(holder) { holder = parent(of: holder) }
    return isStore(holder) || !isStore(parent(of: holder)) ? holder : parent(of: holder)
  }

  /// The store that has the runs in a folder, such as that of a reproduction or of a series.
  static func owner(of folder: String) -> String {
    let isOwned = isRun(folder) || !isStore(folder) && isStore(parent(of: folder))
    return isOwned ? root(of: folder) : folder
  }

  static func parent(of path: String) -> String {
    URL(filePath: path).deletingLastPathComponent().standardizedFileURL.path
  }

  /// The full path, without a slash at the end.
  static func standard(_ path: String) -> String {
    let full = URL(filePath: path).standardizedFileURL.path
    return full.count > 1 && full.hasSuffix("/") ? String(full.dropLast()) : full
  }
}
