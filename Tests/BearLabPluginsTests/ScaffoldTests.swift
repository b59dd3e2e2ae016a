import Foundation
import Testing

@testable import BearLabPlugins

/// What `bear-lab new` writes, and where.
@Suite struct ScaffoldTests {
  private let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL.path

  @Test(arguments: ["", "Focal", "focal_loss", "-focal", "focal-", "2nd", "fo cal", "../x", "é"])
  func namesOfAnotherFormAreRefused(text: String) {
    #expect(throws: PluginNameError.malformed(text)) { try PluginName(text) }
  }

  @Test func identifiersAreDerived() throws {
    let name = try PluginName("focal-loss-2")
    #expect(PluginKind.objective.type(name) == "FocalLoss2Objective")
    #expect(PluginKind.objective.module(name) == "ObjectiveFocalLoss2")
    let source = PluginKind.objective.source(name)
    #expect(source.contains("public struct FocalLoss2Objective: Objective {"))
    #expect(source.contains("register(objective: \"focal-loss-2\", FocalLoss2Objective.self)"))
    for kind in PluginKind.allCases {
      let source = kind.source(name)
      #expect(!source.lowercased().contains("\"template\"") && !source.contains("Template"))
      #expect(source.contains("public enum FocalLoss2\(kind.word)Module: PluginModule {"))
      #expect(kind.test(name).contains("try \(kind.word)Conformance.check("))
    }
  }

  @Test func anObjectiveHasFortyLines() throws {
    let source = PluginKind.objective.source(try PluginName("focal"))
    #expect(source.split(separator: "\n", omittingEmptySubsequences: false).count <= 40)
  }

  @Test func nothingIsOverwritten() throws {
    try withFolder { folder in
      let scaffold = PluginScaffold(.metric, name: try PluginName("mrr"))
      let toolkit = PluginToolkit(home: "/home/me/bear-lab", build: "/home/me/bear-lab/.build/r")
      let files = try scaffold.writePackage(to: "\(folder)/mrr", for: toolkit)
      #expect(files.count == 5 && files[0].hasSuffix("mrr/Sources/MetricMrr/MrrMetric.swift"))
      let manifest = try String(contentsOfFile: "\(folder)/mrr/Package.swift", encoding: .utf8)
      #expect(manifest.contains("?? \"/home/me/bear-lab\""))
      #expect(manifest.contains("?? \"\\(home)/.build/r\""))
      #expect(
        throws: PluginScaffoldError.occupied(
          path: "\(folder)/mrr",
          entries: [".gitignore", "Package.swift", "README.md", "Sources", "Tests"])
      ) { try scaffold.writePackage(to: "\(folder)/mrr", for: toolkit) }
    }
  }

  // MARK: In the repository

  /// A folder with what of the repository is changed.
  private func withCopy(_ body: (String) throws -> Void) throws {
    try withFolder { folder in
      for path in ["Package.swift", "Sources/BearLabRun/BuiltinPlugins.swift"] {
        let target = URL(filePath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(
          at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(root)/\(path)", toPath: target.path)
      }
      try body(folder)
    }
  }

  private func lines(_ path: String) throws -> [Substring] {
    try String(contentsOfFile: path, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test(arguments: PluginKind.allCases)
  func aModuleOfTheRepositoryHasItsLines(kind: PluginKind) throws {
    try withCopy { folder in
      let scaffold = PluginScaffold(kind, name: try PluginName("focal"))
      let paths = ["Package.swift", "Sources/BearLabRun/BuiltinPlugins.swift"]
      let before = try paths.map { try lines("\(folder)/\($0)") }
      let written = try scaffold.writeInTree(folder)
      let after = try paths.map { try lines("\(folder)/\($0)") }
      let word = kind.word
      let added = zip(before, after).map { before, after in
        after.difference(from: before).compactMap { change -> String? in
          guard case .insert(_, let line, _) = change else { return "removed" }
          return String(line)
        }
      }
      #expect(
        added == [
          [
            "  plugin(\"\(word)\", \"Focal\"),", "    tests(\"\(word)Focal\", [\"\(word)Focal\"]),",
          ],
          ["internal import \(word)Focal", "  Focal\(word)Module.self,"],
        ])
      let imports = after[1].filter { $0.contains(" import ") }
        .map { String($0.split(separator: " ").last ?? "") }
      #expect(imports == imports.sorted())
      #expect(
        written.map { $0.dropFirst(folder.count + 1) } == [
          "Plugins/\(word)s/Focal/Focal\(word).swift",
          "Tests/\(word)FocalTests/Focal\(word)Tests.swift",
        ] + paths.map { $0[...] })
      // No function of a library: of two modules that are linked into one program, both would be.
      #expect(
        try lines("\(folder)/Plugins/\(word)s/Focal/Focal\(word).swift")
          .allSatisfy { !$0.contains("@c(") })
      #expect(throws: PluginScaffoldError.self) { try scaffold.writeInTree(folder) }
      #expect(try paths.map { try lines("\(folder)/\($0)") } == after)
    }
  }

  @Test func aFolderOfTheNameIsRefusedInAnyCase() throws {
    try withCopy { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/Plugins/Objectives/BEAR", withIntermediateDirectories: true)
      #expect(
        throws: PluginScaffoldError.occupied(
          path: "\(folder)/Plugins/Objectives/BEAR", entries: [])
      ) { try PluginScaffold(.objective, name: PluginName("bear")).writeInTree(folder) }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/Tests"))
    }
  }

  @Test func filesWithoutAPlaceAreLeftAsTheyAre() throws {
    try withCopy { folder in
      let list = "\(folder)/Sources/BearLabRun/BuiltinPlugins.swift"
      try Data("// nothing\n".utf8).write(to: URL(filePath: list))
      #expect(throws: PluginScaffoldError.self) {
        try PluginScaffold(.objective, name: PluginName("focal")).writeInTree(folder)
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/Plugins"))
      #expect(try lines("\(folder)/Package.swift") == lines("\(root)/Package.swift"))
    }
  }
}

/// A folder for one test, by its path without links.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
    .appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}
