/// What every kind of plug-in declares: its documentation and its parameters.
///
/// A conforming type is a struct of settings: it is created once for a run from validated
/// parameters, and holds nothing that a run changes.
public protocol Plugin: Sendable, SendableMetatype {
  /// One line for `bear-lab list`, without a full stop.
  static var summary: String { get }
  /// Paper, equation and source file, for `bear-lab describe`.
  static var citation: String { get }
  /// The parameters, in the order in which `describe` prints them.
  static var parameters: [Parameter] { get }
  /// Reads the effective parameters.
  init(_ values: ParameterValues) throws
}

extension Plugin {
  public static var citation: String { "" }
  public static var parameters: [Parameter] { [] }

  /// Creates the plug-in from some values, the others at their defaults.
  ///
  /// - Throws: ``ParameterError`` for an unknown name or a value out of range.
  public init(_ given: [String: ParameterValue]) throws {
    try self.init(
      ParameterValues(given, for: Self.parameters, owner: String(describing: Self.self)))
  }
}

/// A module of plug-ins: what the list of built-in ones names, and what a library's entry runs.
public protocol PluginModule: SendableMetatype {
  /// Adds the module's plug-ins to the registry.
  static func register(in registry: PluginRegistry) throws
}
