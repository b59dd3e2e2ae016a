internal import CBearLabABI

#if canImport(Glibc)
internal import Glibc
#endif

/// What the host hands to a library's entry; the entry gives back its module.
///
/// A library's two C entries are
/// ```swift
/// @c(bearlab_plugin_abi) public func abi() -> Int32 { BEARLAB_ABI_VERSION }
/// @c(bearlab_plugin_entry) public func entry(_ context: UnsafeMutableRawPointer) -> Int32 {
///   PluginContext.run(MyModule.self, in: context)
/// }
/// ```
public final class PluginContext {
  let registry: PluginRegistry
  let origin: String
  var failure: (any Error)?

  init(registry: PluginRegistry, origin: String) {
    self.registry = registry
    self.origin = origin
  }

  /// Registers `module` with the host that called the entry.
  ///
  /// - Returns: 0 on success, 1 when the module threw; the host then reports the error.
  public static func run(
    _ module: any PluginModule.Type, in context: UnsafeMutableRawPointer
  ) -> Int32 {
    let context = Unmanaged<PluginContext>.fromOpaque(context).takeUnretainedValue()
    do {
      try context.registry.add(module, origin: context.origin)
      return 0
    } catch {
      context.failure = error
      return 1
    }
  }
}

/// Opens plug-ins that were built as libraries of their own.
public enum PluginLoader {
  /// Opens the library at `path` and registers its plug-ins.
  ///
  /// The library is never closed: its types live as long as the process.
  ///
  /// - Throws: ``PluginLoadingError``, or what the plug-in's registration throws.
  public static func load(_ path: String, into registry: PluginRegistry) throws {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw PluginLoadingError.notOpened(path: path, reason: lastError())
    }
    let abi: bearlab_plugin_abi_function = try symbol("bearlab_plugin_abi", in: library, of: path)
    let version = abi()
    guard version == BEARLAB_ABI_VERSION else {
      throw PluginLoadingError.otherVersion(
        path: path, built: version, expected: BEARLAB_ABI_VERSION)
    }
    let entry: bearlab_plugin_entry_function = try symbol(
      "bearlab_plugin_entry", in: library, of: path)
    let context = PluginContext(registry: registry, origin: path)
    let status = entry(Unmanaged.passUnretained(context).toOpaque())
    if let failure = context.failure { throw failure }
    guard status == 0 else { throw PluginLoadingError.failed(path: path, status: status) }
  }

  private static func symbol<Function>(
    _ name: String, in library: UnsafeMutableRawPointer, of path: String
  ) throws -> Function {
    guard let address = dlsym(library, name) else {
      throw PluginLoadingError.noEntry(path: path, symbol: name)
    }
    return unsafeBitCast(address, to: Function.self)
  }

  private static func lastError() -> String {
    dlerror().map { String(cString: $0) } ?? "no reason given"
  }
}

/// Why a library was refused as a plug-in.
public enum PluginLoadingError: BearLabError, Equatable {
  case notOpened(path: String, reason: String)
  case noEntry(path: String, symbol: String)
  case otherVersion(path: String, built: Int32, expected: Int32)
  case failed(path: String, status: Int32)

  public var description: String {
    switch self {
    case .notOpened(let path, let reason): "\(path) cannot be opened as a library: \(reason)"
    case .noEntry(let path, let symbol): "\(path) has no function \(symbol)"
    case .otherVersion(let path, let built, let expected):
      "\(path) was built against version \(built) of the core; this is version \(expected)"
    case .failed(let path, let status): "the entry of \(path) returned \(status)"
    }
  }

  public var remedy: String {
    switch self {
    case .notOpened: "build the plug-in on this machine and give the path of its .so file"
    case .noEntry: "export it, as Tests/Fixtures/FixturePlugin does"
    case .otherVersion: "build the plug-in again with this bear-lab's Sources/Core"
    case .failed: "let the entry return PluginContext.run(_:in:)"
    }
  }
}
