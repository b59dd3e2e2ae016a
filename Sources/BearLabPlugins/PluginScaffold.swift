public import BearLabErrors
internal import Foundation

/// Writes the files of a new plug-in: a package of its own, or a module of the repository.
public struct PluginScaffold: Sendable {
  public let kind: PluginKind
  public let name: PluginName

  /// Says what is to be written.
  public init(_ kind: PluginKind, name: PluginName) {
    self.kind = kind
    self.name = name
  }

  /// The Swift module of the plug-in.
  public var module: String { kind.module(name) }
  var type: String { kind.type(name) }

  /// Writes a package that builds as it is.
  ///
  /// - Parameters:
  ///   - folder: of the package; it must not exist, or be empty.
  ///   - toolkit: the bear-lab that it is for.
  /// - Returns: the files, in the order in which to look at them.
  /// - Throws: ``PluginScaffoldError``.
  public func writePackage(
    to folder: String, for toolkit: PluginToolkit
  ) throws(PluginScaffoldError) -> [String] {
    let present = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard present.isEmpty else { throw .occupied(path: folder, entries: present.sorted()) }
    return try Self.write(packageFiles(toolkit), to: folder)
  }

  /// The files of a package by their paths in it.
  func packageFiles(_ toolkit: PluginToolkit) -> [(path: String, text: String)] {
    [
      ("Sources/\(module)/\(type).swift", librarySource),
      ("Tests/\(module)Tests/\(type)Tests.swift", kind.test(name)),
      ("Package.swift", manifest(toolkit)),
      ("README.md", readMe),
      (".gitignore", ".build/\n"),
    ]
  }

  /// Writes files that are not there yet.
  static func write(
    _ files: [(path: String, text: String)], to folder: String
  ) throws(PluginScaffoldError) -> [String] {
    let paths = files.map { "\(folder)/\($0.path)" }
    for path in paths where FileManager.default.fileExists(atPath: path) {
      throw .occupied(path: path, entries: [])
    }
    for (path, file) in zip(paths, files) {
      do {
        let url = URL(filePath: path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: url, options: .withoutOverwriting)
      } catch {
        throw .notWritable(path: path, reason: error.localizedDescription)
      }
    }
    return paths
  }

  /// The source with the functions that a host looks for in a library.
  private var librarySource: String {
    var lines = kind.source(name).split(separator: "\n", omittingEmptySubsequences: false)
    let lastImport = lines.lastIndex { $0.contains("import BearLab") } ?? 0
    lines.insert("internal import CBearLabABI", at: lastImport + 1)
    return lines.joined(separator: "\n") + """

      /// Tells which core the plug-in was built against.
      @c(bearlab_plugin_abi) public func pluginABI() -> Int32 { BEARLAB_ABI_VERSION }

      /// Tells which compiler built the plug-in.
      @c(bearlab_plugin_compiler) public func pluginCompiler() -> UnsafePointer<CChar> {
        bearlab_compiler()
      }

      /// Registers the plug-in with the host.
      @c(bearlab_plugin_entry) public func pluginEntry(_ context: UnsafeMutableRawPointer) -> Int32 {
        PluginContext.run(\(type)Module.self, in: context)
      }

      """
  }

  private func manifest(_ toolkit: PluginToolkit) -> String {
    let build =
      toolkit.shortBuild.hasPrefix(toolkit.home + "/")
      ? "\\(home)" + toolkit.shortBuild.dropFirst(toolkit.home.count) : toolkit.shortBuild
    return #"""
      // swift-tools-version: 6.2
      import PackageDescription

      // The bear-lab that loads the plug-in says where it is; these are for editors and `swift test`.
      let home = Context.environment["BEAR_LAB_HOME"] ?? "\#(toolkit.home)"
      let build = Context.environment["BEAR_LAB_BUILD"] ?? "\#(build)"

      // The core as it was built with bear-lab: it is not built again, and both agree on every type.
      let core: [SwiftSetting] = [
        .unsafeFlags([
          "-I", "\(build)/Modules", "-Xcc", "-fmodule-map-file=\(home)/Sources/Core/CModules.modulemap",
        ])
      ]
      func linked(_ library: String) -> [LinkerSetting] {
        [.unsafeFlags(["-L", build, "-Xlinker", "-rpath=\(build)"]), .linkedLibrary(library)]
      }

      let package = Package(
        name: "\#(name.text)",
        products: [.library(name: "\#(module)", type: .dynamic, targets: ["\#(module)"])],
        targets: [
          .target(
            name: "\#(module)", swiftSettings: core, linkerSettings: linked("BearLabCore")),
          .testTarget(
            name: "\#(module)Tests", dependencies: ["\#(module)"], swiftSettings: core,
            linkerSettings: linked("BearLabTestSupport")),
        ],
        swiftLanguageModes: [.v6]
      )

      """#
  }

  private var readMe: String {
    """
    # \(name.text)

    \(kind.phrase.prefix(1).uppercased() + kind.phrase.dropFirst()) for bear-lab, in `Sources/\(module)/\(type).swift`.

    ```sh
    swift test                                            # the contract of \(kind.phrase)
    bear-lab describe \(kind.rawValue) \(name.text) --plugin .
    bear-lab run \(kind.option(name)) --plugin .
    ```

    `--plugin` builds the package where it is not up to date; the folder of the package may be
    anywhere. Where bear-lab has moved, correct `home` in Package.swift for `swift test`.

    """
  }
}

/// Why no plug-in is written.
public enum PluginScaffoldError: BearLabError, Equatable {
  case occupied(path: String, entries: [String])
  case notWritable(path: String, reason: String)
  case taken(kind: String, name: String, origin: String)
  case noPlace(file: String, line: String)

  public var description: String {
    switch self {
    case .occupied(let path, let entries):
      "\(path) is there already"
        + (entries.isEmpty ? "" : ", with " + entries.prefix(4).joined(separator: ", "))
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .taken(let kind, let name, let origin):
      "\(kind) '\(name)' is there already, from \(origin)"
    case .noPlace(let file, let line): "\(file) has no place for the line \(line)"
    }
  }

  public var remedy: String {
    switch self {
    case .occupied: "give another name or --path, or remove it: nothing is overwritten"
    case .notWritable: "check the path, its permissions and the space on the disk"
    case .taken: "give another name: two plug-ins of a kind cannot share one"
    case .noPlace: "add the plug-in by hand, as CONTRIBUTING.md says"
    }
  }
}
