import BearLabCore
import Foundation
import Testing

@testable import BearLabPlugins

/// What is said of packages that give no plug-in.
@Suite struct PackageTests {
  /// The toolkit of the program beside the tests.
  private func toolkit() throws -> PluginToolkit {
    try PluginToolkit(executable: #require(Bundle.main.executablePath))
  }

  private func build(_ path: String) throws -> PluginPackage.Libraries {
    let toolkit = try toolkit()
    return try PluginPackage(path: path)
      .build(with: { () throws(PluginPackageError) in toolkit }, announce: { _ in })
  }

  private func write(_ text: String, to path: String) throws {
    let file = URL(filePath: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  @Test func whatIsNoPackageIsNamed() throws {
    try withFolder { folder in
      #expect(throws: PluginPackageError.absent(path: "\(folder)/no")) {
        try PluginPackage(path: "\(folder)/no")
      }
      #expect(throws: PluginPackageError.notAPackage(path: folder)) {
        try PluginPackage(path: folder)
      }
    }
  }

  @Test func aManifestThatCannotBeReadIsShown() throws {
    try withFolder { folder in
      try write("// swift-tools-version: 6.2\nimport Packages\n", to: "\(folder)/Package.swift")
      let error = try #require(throws: PluginPackageError.self) { try build(folder) }
      #expect(error.description.contains("no such module 'Packages'"), "\(error.description)")
    }
  }

  @Test func aPackageNeedsADynamicLibrary() throws {
    try withFolder { folder in
      try write(
        """
        // swift-tools-version: 6.2
        import PackageDescription
        let package = Package(
          name: "Mine", products: [.library(name: "Mine", targets: ["Mine"])],
          targets: [.target(name: "Mine")])
        """, to: "\(folder)/Package.swift")
      #expect(throws: PluginPackageError.noDynamicLibrary(path: folder, products: ["Mine"])) {
        try build(folder)
      }
    }
  }

  @Test func theCompilersMessagesAreShown() throws {
    try withFolder { folder in
      let scaffold = PluginScaffold(.metric, name: try PluginName("mrr"))
      let files = try scaffold.writePackage(to: "\(folder)/mrr", for: toolkit())
      let source = try String(contentsOfFile: files[0], encoding: .utf8)
      try write(
        source.replacing("let rank, rank < k", with: "let rank, rank < cutoff"), to: files[0])
      let error = try #require(throws: PluginPackageError.self) { try build("\(folder)/mrr") }
      #expect(
        error.description.contains("MrrMetric.swift:")
          && error.description.contains("error: cannot find 'cutoff' in scope"),
        "\(error.description)")
      #expect(error.description.hasPrefix("the package at \(folder)/mrr does not build:\n  "))
    }
  }

  @Test func aProgramThatWasMovedHasNoModules() throws {
    try withFolder { folder in
      try write("", to: "\(folder)/bear-lab")
      let error = try #require(throws: PluginPackageError.self) {
        try PluginToolkit(executable: "\(folder)/bear-lab")
      }
      #expect(
        error
          == .noToolkit(
            program: "\(folder)/bear-lab",
            missing: "\(folder)/Modules/BearLabCore.swiftmodule"))
    }
  }

  /// Sources decide what a plug-in is; tests, notes and what was built do not.
  @Test func theHashIsThatOfTheSources() throws {
    try withFolder { folder in
      try write("// 1", to: "\(folder)/Package.swift")
      try write("let a = 1", to: "\(folder)/Sources/A/a.swift")
      func hash() throws -> String { try PluginPackage(path: folder).sourcesHash() }
      let first = try hash()
      for path in [".build/x.swift", "Tests/T/t.swift", "README.md"] {
        try write("x", to: "\(folder)/\(path)")
        #expect(try hash() == first)
      }
      try write("let a = 2", to: "\(folder)/Sources/A/a.swift")
      let second = try hash()
      #expect(second != first)
      try FileManager.default.moveItem(
        atPath: "\(folder)/Sources/A/a.swift", toPath: "\(folder)/Sources/A/b.swift")
      #expect(try hash() != second)
    }
  }
}
