internal import CBearLabABI

#if canImport(Glibc)
internal import Glibc
#endif

/// What the host hands to a library's entry; the entry gives back its module.
///
/// A library's three C entries are
/// ```swift
/// @c(bearlab_plugin_abi) public func abi() -> Int32 { BEARLAB_ABI_VERSION }
/// @c(bearlab_plugin_compiler) public func compiler() -> UnsafePointer<CChar> { bearlab_compiler() }
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
  /// - Parameters:
  ///   - path: of the library.
  ///   - source: what messages and ``PluginRegistry/libraries`` name; the library itself if nil.
  ///   - hash: SHA-256 of what the library was built of.
  ///   - registry: takes the plug-ins.
  /// - Throws: ``PluginLoadingError``; `RegistryError` for a name that is taken.
  public static func load(
    _ path: String, source: String? = nil, hash: String = "", into registry: PluginRegistry
  ) throws {
    let source = source ?? path
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = lastError()
      throw reason.contains("undefined symbol")
        ? PluginLoadingError.missingSymbol(path: source, reason: reason)
        : .notOpened(path: source, reason: reason)
    }
    let abi: bearlab_plugin_abi_function = try symbol("bearlab_plugin_abi", in: library, of: source)
    let version = abi()
    guard version == BEARLAB_ABI_VERSION else {
      throw PluginLoadingError.otherVersion(
        path: source, built: version, expected: BEARLAB_ABI_VERSION)
    }
    let compiler: bearlab_plugin_compiler_function = try symbol(
      "bearlab_plugin_compiler", in: library, of: source)
    let (built, expected) = (String(cString: compiler()), String(cString: bearlab_compiler()))
    guard built == expected else {
      throw PluginLoadingError.otherCompiler(path: source, built: built, expected: expected)
    }
    let entry: bearlab_plugin_entry_function = try symbol(
      "bearlab_plugin_entry", in: library, of: source)
    let context = PluginContext(registry: registry, origin: source)
    let status = entry(Unmanaged.passUnretained(context).toOpaque())
    try check(status, failure: context.failure, of: source)
    registry.add(PluginRegistry.Library(path: source, hash: hash))
  }

  /// Says which library it was that could not register its plug-ins.
  private static func check(_ status: Int32, failure: (any Error)?, of source: String) throws {
    switch failure {
    // It names both origins.
    case let failure as RegistryError: throw failure
    case let failure?:
      let remedy = (failure as? any BearLabError)?.remedy
      throw PluginLoadingError.refused(path: source, reason: "\(failure)", remedy: remedy)
    case nil where status != 0: throw PluginLoadingError.failed(path: source, status: status)
    case nil: return
    }
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
  case missingSymbol(path: String, reason: String)
  case noEntry(path: String, symbol: String)
  case otherVersion(path: String, built: Int32, expected: Int32)
  case otherCompiler(path: String, built: String, expected: String)
  case refused(path: String, reason: String, remedy: String?)
  case failed(path: String, status: Int32)

  public var description: String {
    switch self {
    case .notOpened(let path, let reason): "\(path) cannot be opened as a library: \(reason)"
    case .missingSymbol(let path, let reason):
      "\(path) was built against something else than this core: \(reason)"
    case .noEntry(let path, let symbol): "\(path) has no function \(symbol)"
    case .otherVersion(let path, let built, let expected):
      "\(path) was built against version \(built) of the core; this is version \(expected)"
    case .otherCompiler(let path, let built, let expected):
      "\(path) was built by another compiler, clang \(built); this program by \(expected)"
    case .refused(let path, let reason, _): "\(path) could not register its plug-ins: \(reason)"
    case .failed(let path, let status): "the entry of \(path) returned \(status)"
    }
  }

  public var remedy: String {
    switch self {
    case .notOpened: "build the plug-in on this machine and give its package or its .so file"
    case .noEntry: "export it, as `bear-lab new objective NAME` writes it"
    case .missingSymbol, .otherVersion:
      "build the plug-in again with this bear-lab: give --plugin the folder of its package"
    case .otherCompiler:
      "build the plug-in with the swift that built this program, or this program with that one"
    case .refused(_, _, let remedy): remedy ?? "correct what its module throws while registering"
    case .failed: "let the entry return PluginContext.run(_:in:)"
    }
  }
}
