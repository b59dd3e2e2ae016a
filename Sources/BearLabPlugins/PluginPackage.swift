internal import BearLabFormats
internal import Foundation

/// A plug-in on disk: a Swift package, which is built where it is not up to date, or a library.
public struct PluginPackage: Sendable {
  /// The folder of the package, or a `.so` file.
  public let path: String

  /// What is opened, and what identifies it.
  public struct Libraries: Sendable {
    /// The paths of the libraries, one a dynamic product.
    public let paths: [String]
    /// SHA-256 of the package's sources, or of the library that was given.
    public let hash: String
  }

  private let isFile: Bool

  /// Finds a plug-in.
  ///
  /// - Throws: ``PluginPackageError/absent(path:)`` or ``PluginPackageError/notAPackage(path:)``.
  public init(path: String) throws(PluginPackageError) {
    self.path = URL(filePath: path).standardizedFileURL.path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: self.path, isDirectory: &isFolder) else {
      throw .absent(path: path)
    }
    isFile = !isFolder.boolValue
    guard isFile || FileManager.default.fileExists(atPath: "\(self.path)/Package.swift") else {
      throw .notAPackage(path: path)
    }
  }

  /// Builds what is not up to date.
  ///
  /// - Parameters:
  ///   - toolkit: the program that will open the libraries; not asked for where a library was given.
  ///   - announce: told of a first build, which takes seconds.
  /// - Returns: libraries that no later build changes.
  /// - Throws: ``PluginPackageError``.
  public func build(
    with toolkit: () throws(PluginPackageError) -> PluginToolkit, announce: (String) -> Void
  ) throws(PluginPackageError) -> Libraries {
    if isFile { return Libraries(paths: [path], hash: try Self.hash(of: path)) }
    let toolkit = try toolkit()
    // Before the build: what is edited meanwhile is another plug-in.
    let hash = try sourcesHash()
    let products = try dynamicProducts(toolkit)
    // Another core is another build: the manifest's flags do not tell whether it has changed. So is
    // another place: what was built names its own.
    let core = try Self.hash(of: toolkit.libraryPath)
    let key = FileHash.sha256(of: Array("\(core) \(path)".utf8)).prefix(16)
    let folder = "\(path)/.build/bear-lab/\(key)"
    var paths: [String] = []
    for product in products {
      let library = "\(folder)/release/lib\(product).so"
      if !FileManager.default.fileExists(atPath: library) {
        announce("building plug-in \(URL(filePath: path).lastPathComponent)")
      }
      try swift(
        ["build", "-c", "release", "--scratch-path", folder, "--product", product], toolkit
      ) { .notBuilt(path: path, output: $0) }
      paths.append(try Self.copy(library, into: "\(folder)/opened"))
    }
    return Libraries(paths: paths, hash: hash)
  }

  /// The names of the package's dynamic libraries.
  private func dynamicProducts(_ toolkit: PluginToolkit) throws(PluginPackageError) -> [String] {
    struct Manifest: Decodable {
      struct Product: Decodable {
        let name: String
        let type: [String: [String]?]
      }
      let products: [Product]
    }
    let output = try swift(["package", "dump-package"], toolkit) {
      .noManifest(path: path, output: $0)
    }
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(output.utf8)) else {
      throw .noManifest(path: path, output: output)
    }
    let dynamic = manifest.products.filter { $0.type["library"] == ["dynamic"] }
    guard !dynamic.isEmpty else {
      throw .noDynamicLibrary(path: path, products: manifest.products.map(\.name))
    }
    return dynamic.map(\.name)
  }

  /// Calls SwiftPM on the package.
  ///
  /// - Returns: what it printed.
  /// - Throws: ``PluginPackageError/noSwift``, or `failure` of what it printed.
  @discardableResult
  private func swift(
    _ arguments: [String], _ toolkit: PluginToolkit,
    failure: (String) -> PluginPackageError
  ) throws(PluginPackageError) -> String {
    let result: ToolResult
    do {
      result = try ToolResult.running(
        toolkit.variables + ["swift"] + arguments + ["--package-path", path])
    } catch {
      throw .file(path: path, reason: "swift cannot be started: \(error)")
    }
    // 127 is what env says of a program that is not there.
    if result.status == 127 { throw .noSwift }
    guard result.status == 0 else { throw failure(result.messages) }
    return result.output
  }

  /// Puts a library where the linker does not write: a process that runs on may have it open.
  private static func copy(
    _ library: String, into folder: String
  ) throws(PluginPackageError) -> String {
    let file = URL(filePath: library)
    let target = "\(folder)/\(file.lastPathComponent)"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // Written beside it and renamed: who has the old file open keeps it.
      try Data(contentsOf: file).write(to: URL(filePath: target), options: .atomic)
    } catch {
      throw .file(path: target, reason: error.localizedDescription)
    }
    return target
  }

  private static func hash(of file: String) throws(PluginPackageError) -> String {
    do { return try FileHash.sha256(path: file) } catch {
      throw .file(path: file, reason: error.description)
    }
  }

  /// The endings of files that decide what is built.
  private static let sourceEndings: Set = [
    "swift", "c", "cc", "cpp", "h", "hpp", "modulemap", "resolved",
  ]

  /// SHA-256 over names and contents of the sources, tests and hidden folders aside.
  func sourcesHash() throws(PluginPackageError) -> String {
    let root = URL(filePath: path, directoryHint: .isDirectory)
    let files = FileManager.default.enumerator(
      at: root, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
    var hashes: [String: String] = [:]
    while let file = files?.nextObject() as? URL {
      let name = String(file.standardizedFileURL.path.dropFirst(path.count + 1))
      guard Self.sourceEndings.contains(file.pathExtension), !name.hasPrefix("Tests/") else {
        continue
      }
      do { hashes[name] = FileHash.sha256(of: [UInt8](try Data(contentsOf: file))) } catch {
        throw .file(path: file.path, reason: error.localizedDescription)
      }
    }
    let lines = hashes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }
    return FileHash.sha256(of: Array(lines.joined().utf8))
  }
}
