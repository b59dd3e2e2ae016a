import ArgumentParser
import BearLabCore
import BearLabPlugins
import BearLabRun
import Foundation

/// Plug-ins that are packages or libraries of their own.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("plugin"),
    help: ArgumentHelp(
      """
      A package of plug-ins, which is built where it is not up to date, or a .so file; may be given \
      again.
      """, valueName: "path"))
  var plugins: [String] = []

  func validate() throws {
    for path in plugins where path.contains(",") {
      throw ValidationError(
        "--plugin \(path): run.yaml separates paths by commas; rename the folder without one")
    }
  }

  /// The session's and those given here, by absolute paths: so a run continues from anywhere.
  var paths: [String] {
    CommandContext.current.plugins
      + plugins.map { URL(filePath: $0).standardizedFileURL.path }
      .filter { !CommandContext.current.plugins.contains($0) }
  }

  /// The built-in plug-ins and these.
  func registry() throws -> PluginRegistry { try .with(plugins: paths) }

  /// The built-in plug-ins, those of a run and these.
  func registry(of run: RunFolder) throws -> PluginRegistry {
    try .named(
      by: RunDescription.assignments(yaml: run.readDescription(), path: run.descriptionPath),
      and: paths)
  }
}

extension PluginRegistry {
  /// The built-in plug-ins, those that settings name, and those of the run that training begins with.
  ///
  /// - Parameters:
  ///   - assignments: the settings of a run.
  ///   - others: paths besides; one that has moved takes the place of that of the same name.
  /// - Returns: the registry.
  /// - Throws: as ``with(plugins:)``.
  static func named(
    by assignments: [RunDescription.Assignment], and others: [String] = []
  ) throws -> PluginRegistry {
    let start = assignments.last { $0.path == "init-from" }.flatMap {
      try? RunFolder(existing: $0.text)
    }
    let initial = try start.map {
      RunDescription.pluginPaths(
        try RunDescription.assignments(yamlFile: $0.descriptionPath))
    }
    let named = RunDescription.pluginPaths(
      initial ?? [], and: RunDescription.pluginPaths(assignments))
    return try with(plugins: RunDescription.pluginPaths(named, and: others))
  }

  /// The built-in plug-ins, and those of packages and libraries.
  ///
  /// - Throws: `PluginPackageError`, `PluginLoadingError` or `RegistryError`, before any work begins.
  static func with(plugins paths: [String]) throws -> PluginRegistry {
    let registry = try PluginRegistry.builtin()
    for path in paths {
      let package = try PluginPackage(path: path)
      let libraries = try CommandContext.current.libraries[package.path] ?? package.built()
      CommandContext.current.libraries[package.path] = libraries
      for library in libraries.paths {
        try PluginLoader.load(
          library, source: package.path, hash: libraries.hash, into: registry)
      }
    }
    return registry
  }
}

extension PluginPackage {
  fileprivate func built() throws -> Libraries {
    try build(
      with: { () throws(PluginPackageError) in try .current },
      announce: { Console.error("note: \($0)") })
  }
}

extension PluginToolkit {
  /// This program's.
  static var current: PluginToolkit {
    get throws(PluginPackageError) {
      try PluginToolkit(executable: Bundle.main.executablePath ?? CommandLine.arguments[0])
    }
  }
}
