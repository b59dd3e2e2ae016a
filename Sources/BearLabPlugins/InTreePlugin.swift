internal import Foundation

extension PluginScaffold {
  /// Writes a module of the repository with its tests, and the lines that make it a built-in plug-in.
  ///
  /// - Parameter root: the repository.
  /// - Returns: the files that are new and those that have changed.
  /// - Throws: ``PluginScaffoldError``; nothing is written where a file is there already.
  public func writeInTree(_ root: String) throws(PluginScaffoldError) -> [String] {
    let folder = "Plugins/\(kind.word)s/\(name.identifier)"
    // BEAR and Bear are one folder to some file systems, and two names for one thing to readers.
    let siblings =
      (try? FileManager.default.contentsOfDirectory(
        atPath: "\(root)/Plugins/\(kind.word)s")) ?? []
    if let same = siblings.first(where: { $0.lowercased() == name.identifier.lowercased() }) {
      throw .occupied(path: "\(root)/Plugins/\(kind.word)s/\(same)", entries: [])
    }
    let edits = [
      ("Package.swift", try manifest(Self.read("\(root)/Package.swift"))),
      (Self.listPath, try list(Self.read("\(root)/\(Self.listPath)"))),
    ]
    let written = try Self.write(
      [
        ("\(folder)/\(type).swift", kind.source(name)),
        ("Tests/\(module)Tests/\(type)Tests.swift", kind.test(name)),
      ], to: root)
    for (path, text) in edits { try Self.replace("\(root)/\(path)", with: text) }
    return written + edits.map { "\(root)/\($0.0)" }
  }

  private static let listPath = "Sources/BearLabRun/BuiltinPlugins.swift"

  /// The repository's manifest with a line for the module and one for its tests.
  func manifest(_ text: String) throws(PluginScaffoldError) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let target = "  plugin(\"\(kind.word)\", \"\(name.identifier)\"),"
    let isTarget = { (line: String) in line.hasPrefix("  plugin(\"") }
    let isOfKind = { [kind] (line: String) in line.hasPrefix("  plugin(\"\(kind.word)\", ") }
    try Self.insert(
      target, into: &lines, of: "Package.swift",
      behindLast: lines.contains(where: isOfKind) ? isOfKind : isTarget)
    let kinds = PluginKind.allCases.map { "    tests(\"\($0.word)" }
    try Self.insert(
      "    tests(\"\(module)\", [\"\(module)\"]),", into: &lines, of: "Package.swift"
    ) { line in kinds.contains { line.hasPrefix($0) } && line.hasSuffix("),") }
    return lines.joined(separator: "\n")
  }

  /// The list of built-in plug-ins with an import and a line for the module.
  func list(_ text: String) throws(PluginScaffoldError) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let own = "internal import \(module)"
    // Sorted by module, as the formatter wants them.
    let isImport = { (line: String) in line.contains(" import ") }
    let module = { (line: String) in String(line.split(separator: " ").last ?? "") }
    guard let last = lines.lastIndex(where: isImport) else {
      throw .noPlace(file: Self.listPath, line: own)
    }
    let place = lines.firstIndex { isImport($0) && module($0) > self.module } ?? last + 1
    lines.insert(own, at: place)
    try Self.insert("  \(type)Module.self,", into: &lines, of: Self.listPath) {
      $0.hasPrefix("  ") && $0.hasSuffix("Module.self,")
    }
    return lines.joined(separator: "\n")
  }

  private static func insert(
    _ line: String, into lines: inout [String], of file: String,
    behindLast isPlace: (String) -> Bool
  ) throws(PluginScaffoldError) {
    guard let place = lines.lastIndex(where: isPlace) else {
      throw .noPlace(file: file, line: line)
    }
    lines.insert(line, at: place + 1)
  }

  private static func read(_ path: String) throws(PluginScaffoldError) -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw .notWritable(path: path, reason: error.localizedDescription)
    }
  }

  private static func replace(_ path: String, with text: String) throws(PluginScaffoldError) {
    do { try Data(text.utf8).write(to: URL(filePath: path), options: .atomic) } catch {
      throw .notWritable(path: path, reason: error.localizedDescription)
    }
  }
}
