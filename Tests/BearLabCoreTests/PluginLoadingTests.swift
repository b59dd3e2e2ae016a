import BearLabCore
import BearLabTensor
import Foundation
import Testing

/// Opens libraries as a host does.
///
/// `swift test` builds libFixturePlugin.so beside the tests.
@Suite struct PluginLoadingTests {
  @Test func loadedTypesAreTheHosts() throws {
    let registry = PluginRegistry()
    try PluginLoader.load(try fixturePath(), into: registry)
    #expect(registry.objectives.names == ["fixture-hinge"])
    let found: Any = try registry.objectives.find("fixture-hinge")
    // With a second copy of the core in the plug-in these casts fail without a word.
    #expect(found is any Objective.Type)
    let type = try #require(found as? any Plugin.Type)
    #expect(type.parameters.map(\.name) == ["margin"])
    let instance: Any = try type.init(["margin": .real(2)])
    #expect(instance is any Objective)
    #expect(!(instance is any Decoder))
  }

  @Test func loadedObjectiveComputesOnTheHostsTape() throws {
    let registry = PluginRegistry()
    try PluginLoader.load(try fixturePath(), into: registry)
    let objective = try registry.objectives.find("fixture-hinge").init(["margin": .real(2)])
    let logits = Tensor([0.5, 9, -1, 7, 3, 0], shape: [2, 3], requiresGradient: true)
    let batch = try AnswerBatch(logits: logits, targets: [0, 1], allowed: [[0, 2], [1]])
    let loss = try objective.loss(batch).mean
    loss.backward()
    // Row 0: max(0, 2 - 0.5) = 1.5; row 1: max(0, 2 - 3) = 0; two rows.
    #expect(loss.scalars == [0.75])
    #expect(logits.gradient == [-0.5, 0, 0, 0, 0, 0])
  }

  @Test func errorsOfTheLoadedPluginAreTheHosts() throws {
    let registry = PluginRegistry()
    try PluginLoader.load(try fixturePath(), into: registry)
    let type = try registry.objectives.find("fixture-hinge")
    #expect(
      throws: ParameterError.invalid(
        parameter: "margin", value: "-1.0", accepted: "a real number, at least 0.0")
    ) { _ = try type.init(["margin": .real(-1)]) }
  }

  @Test func aNameTwiceNamesBothOrigins() throws {
    let path = try fixturePath()
    let registry = PluginRegistry()
    try registry.add(HostModule.self)
    let error = try #require(throws: RegistryError.self) {
      try PluginLoader.load(path, into: registry)
    }
    #expect(
      error
        == .duplicate(
          kind: "objective", name: "fixture-hinge", first: "BearLabCoreTests", second: path))
    #expect(error.description.contains(path) && error.description.contains("BearLabCoreTests"))
  }

  @Test func openingTwiceIsRefused() throws {
    let path = try fixturePath()
    let registry = PluginRegistry()
    try PluginLoader.load(path, into: registry)
    #expect(
      throws: RegistryError.duplicate(
        kind: "objective", name: "fixture-hinge", first: path, second: path)
    ) { try PluginLoader.load(path, into: registry) }
  }

  @Test func aWrongPathIsNamed() throws {
    let error = try #require(throws: PluginLoadingError.self) {
      try PluginLoader.load("no/such/library.so", into: PluginRegistry())
    }
    guard case .notOpened(let path, let reason) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(path == "no/such/library.so")
    #expect(reason.contains("No such file"))
  }

  /// The ABI is asked before the entry runs: an old plug-in's entry would crash.
  @Test func anotherVersionOfTheCoreIsRefused() throws {
    try withLibrary(
      """
      #include <stdlib.h>
      int bearlab_plugin_abi(void) { return 999; }
      int bearlab_plugin_entry(void *context) { abort(); }
      """
    ) { path in
      let error = try #require(throws: PluginLoadingError.self) {
        try PluginLoader.load(path, into: PluginRegistry())
      }
      guard case .otherVersion(path, built: 999, let expected) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(expected != 999)
    }
  }

  @Test func anotherCompilerIsRefused() throws {
    try withLibrary(
      """
      #include <stdlib.h>
      #include "CBearLabABI.h"
      int bearlab_plugin_abi(void) { return BEARLAB_ABI_VERSION; }
      const char *bearlab_plugin_compiler(void) { return "9.9.9 (another)"; }
      int bearlab_plugin_entry(void *context) { abort(); }
      """
    ) { path in
      let error = try #require(throws: PluginLoadingError.self) {
        try PluginLoader.load(path, into: PluginRegistry())
      }
      guard case .otherCompiler(path, built: "9.9.9 (another)", let expected) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(expected.contains("swiftlang"))
    }
  }

  /// What it calls is no longer in this core.
  @Test func whatCallsAnotherCoreIsRefused() throws {
    try withLibrary(
      """
      extern int bear_of_another_version(void);
      int bearlab_plugin_abi(void) { return bear_of_another_version(); }
      """
    ) { path in
      let error = try #require(throws: PluginLoadingError.self) {
        try PluginLoader.load(path, source: "my/package", into: PluginRegistry())
      }
      guard case .missingSymbol("my/package", let reason) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(reason.contains("bear_of_another_version"))
    }
  }

  @Test func theRegistryKnowsItsLibraries() throws {
    let (registry, path) = (PluginRegistry(), try fixturePath())
    try PluginLoader.load(path, source: "my/package", hash: "1234", into: registry)
    #expect(registry.libraries.map(\.path) == ["my/package"])
    #expect(registry.libraries.map(\.hash) == ["1234"])
    #expect(registry.objectives.all.map(\.origin) == ["my/package"])
  }

  @Test func aLibraryThatIsNoPluginIsRefused() throws {
    try withLibrary("int something_else(void) { return 0; }") { path in
      #expect(throws: PluginLoadingError.noEntry(path: path, symbol: "bearlab_plugin_abi")) {
        try PluginLoader.load(path, into: PluginRegistry())
      }
    }
  }

  @Test func aFailingEntryIsReported() throws {
    try withLibrary(
      """
      #include "CBearLabABI.h"
      int bearlab_plugin_abi(void) { return BEARLAB_ABI_VERSION; }
      const char *bearlab_plugin_compiler(void) { return bearlab_compiler(); }
      int bearlab_plugin_entry(void *context) { return 7; }
      """
    ) { path in
      #expect(throws: PluginLoadingError.failed(path: path, status: 7)) {
        try PluginLoader.load(path, into: PluginRegistry())
      }
    }
  }
}

/// A plug-in of this program under the fixture's name.
private enum HostModule: PluginModule {
  struct Twin: Objective {
    static let summary = "has the fixture's name"
    init(_ values: ParameterValues) throws {}
    var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }
    func loss(_ batch: AnswerBatch) throws -> LossTerms {
      LossTerms(sum: Tensor(scalar: 0), weight: 0)
    }
  }

  static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "fixture-hinge", Twin.self)
  }
}

private func fixturePath() throws -> String {
  let tests = try #require(Bundle.main.executableURL)
  let path = tests.deletingLastPathComponent().appendingPathComponent("libFixturePlugin.so").path
  try #require(FileManager.default.fileExists(atPath: path), "\(path) was not built")
  return path
}

/// Compiles C into a library for `body`, with the compiler that comes with Swift.
private func withLibrary(_ source: String, _ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("bear-lab-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let input = folder.appendingPathComponent("plugin.c")
  let output = folder.appendingPathComponent("libplugin.so")
  try source.write(to: input, atomically: true, encoding: .utf8)
  let header = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/Core/CBearLabABI/include")
  let compiler = Process()
  compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  compiler.arguments = [
    "clang", "-shared", "-fPIC", "-I", header.path, "-o", output.path, input.path,
  ]
  try compiler.run()
  compiler.waitUntilExit()
  try #require(compiler.terminationStatus == 0, "clang could not build the library")
  try body(output.path)
}
