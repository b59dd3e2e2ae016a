public import BearLabErrors

/// The name of a new plug-in, as the command line has it: `focal-loss`.
public struct PluginName: Sendable, Equatable {
  public let text: String

  /// Takes a name in kebab-case.
  ///
  /// - Throws: ``PluginNameError``.
  public init(_ text: String) throws(PluginNameError) {
    guard text.utf8.count <= 40, text.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil else {
      throw .malformed(text)
    }
    self.text = text
  }

  /// The name in Swift: `FocalLoss`.
  var identifier: String {
    text.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}

/// Why nothing can have a name.
public enum PluginNameError: BearLabError, Equatable {
  case malformed(String)

  public var description: String {
    switch self {
    case .malformed(let text): "a plug-in cannot be called '\(excerpt(of: text))'"
    }
  }
  public var remedy: String {
    "give small letters, digits and hyphens, beginning with a letter and at most 40, such as "
      + "focal-loss"
  }
}
