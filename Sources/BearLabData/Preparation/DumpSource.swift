internal import Foundation

/// The files of a dump, found by their names.
struct DumpSource {
  let layout: DumpLayout
  let interactions: String
  let titles: String?

  /// Finds the files.
  ///
  /// - Parameters:
  ///   - source: a folder, or the file of interactions.
  ///   - titles: the file of titles; nil for the one in the folder.
  ///   - layout: a layout's name; nil for the first whose names match.
  /// - Throws: ``PreparationError``.
  init(_ source: String, titles: String?, layout: String?) throws(PreparationError) {
    for path in [source] + (titles.map { [$0] } ?? [])
    where !FileManager.default.fileExists(atPath: path) {
      throw .missing(path: path)
    }
    let layouts = try Self.layouts(layout)
    let isFolder = Self.isFolder(source)
    let folder = isFolder ? source : URL(filePath: source).deletingLastPathComponent().path
    let names = Self.names(in: folder)
    let candidates = isFolder ? names : [URL(filePath: source).lastPathComponent]
    let found = layouts.first { layout in
      candidates.contains { layout.interactions.matches(Self.stem($0)) }
        && (!isFolder || titles != nil || layout.titles.map { Self.files($0, names) } != [])
    }
    // A file of another name, in a layout that is said.
    guard let layout = found ?? (layout != nil && !isFolder ? layouts.first : nil) else {
      throw .unrecognised(source: source, present: candidates, layouts: layouts.map(\.summary))
    }
    self.layout = layout
    if isFolder, let file = try Self.only(layout.interactions, "interactions", names, in: folder) {
      interactions = file
    } else {
      interactions = source
    }
    guard let file = layout.titles else {
      self.titles = nil
      return
    }
    if let titles {
      self.titles = titles
    } else if let found = try Self.only(file, "titles", names, in: folder) {
      self.titles = found
    } else {
      throw .noTitles(source: source, layout: layout.name)
    }
  }

  private static func layouts(_ name: String?) throws(PreparationError) -> [DumpLayout] {
    guard let name else { return DumpLayout.all }
    guard let layout = DumpLayout.all.first(where: { $0.name == name }) else {
      throw .unknownLayout(name, known: DumpLayout.all.map(\.name))
    }
    return [layout]
  }

  /// The path of the one file that has such a name; nil where there is none.
  private static func only(
    _ file: DumpLayout.File, _ what: String, _ names: [String], in folder: String
  ) throws(PreparationError) -> String? {
    let found = files(file, names)
    guard found.count <= 1 else { throw .severalFiles(folder: folder, what: what, files: found) }
    return found.first.map { TextFile.path(of: $0, in: folder) }
  }

  private static func files(_ file: DumpLayout.File, _ names: [String]) -> [String] {
    names.filter { file.matches(stem($0)) }
  }

  /// A name without `.gz`.
  private static func stem(_ name: String) -> String {
    name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  private static func isFolder(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  private static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}
