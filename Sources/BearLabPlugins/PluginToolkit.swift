internal import BearLabErrors
internal import Foundation

/// The bear-lab that plug-ins are written and built for: its sources, and what was built of them.
///
/// A plug-in is compiled against the modules of the running program. So the core is not built again
/// for it, and both agree on every type.
public struct PluginToolkit: Sendable, Equatable {
  /// The folder of the repository.
  public let home: String
  /// The folder of the program, its libraries and modules.
  public let build: String

  /// The C modules that the core's interface mentions, below ``home``.
  private static let moduleMap = "Sources/Core/CModules.modulemap"
  private static let library = "libBearLabCore.so"

  private static func exists(_ file: URL) -> Bool {
    FileManager.default.fileExists(atPath: file.path)
  }

  /// ``build`` without the name of the processor, where SwiftPM has made a link.
  var shortBuild: String {
    let folder = URL(filePath: build)
    let short = folder.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: folder.lastPathComponent)
    return short.resolvingSymlinksInPath().path == build ? short.path : build
  }

  /// The core's library.
  var libraryPath: String { "\(build)/\(Self.library)" }

  /// The variables with which a plug-in's manifest is read, as it is written by ``PluginScaffold``.
  var variables: [String] { ["BEAR_LAB_HOME=\(home)", "BEAR_LAB_BUILD=\(build)"] }
}

extension PluginToolkit {
  /// Finds both from the program's own place.
  ///
  /// - Parameter executable: the path of the running program.
  /// - Throws: ``PluginPackageError/noToolkit(program:missing:)`` where it was moved away from what
  ///   was built with it.
  public init(executable: String) throws(PluginPackageError) {
    let program = URL(filePath: executable).resolvingSymlinksInPath()
    let build = program.deletingLastPathComponent()
    for name in ["Modules/BearLabCore.swiftmodule", Self.library]
    where !Self.exists(build.appending(path: name)) {
      throw .noToolkit(program: program.path, missing: "\(build.path)/\(name)")
    }
    var home = build
    while !Self.exists(home.appending(path: Self.moduleMap)) {
      guard home.path != "/" else {
        throw .noToolkit(program: program.path, missing: Self.moduleMap)
      }
      home.deleteLastPathComponent()
    }
    self.home = home.path
    self.build = build.path
  }
}
