/// The plug-ins of one kind, by name.
///
/// A duplicate is refused with both origins; an unknown name comes back with near ones.
public struct Registry<Kind> {
  /// The kind in the singular, as the command line calls it (`objective`).
  public let kind: String
  private var entries: [String: Entry] = [:]

  /// A registered plug-in.
  public struct Entry {
    /// The name on the command line.
    public let name: String
    /// The type, as an existential metatype such as `any Objective.Type`.
    public let type: Kind
    /// The module that registered it, or the path of the library.
    public let origin: String
  }

  init(kind: String) {
    self.kind = kind
  }

  /// All names, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// All entries, sorted by name.
  public var all: [Entry] { entries.values.sorted { $0.name < $1.name } }

  /// The plug-in called `name`.
  ///
  /// - Throws: ``RegistryError/unknown(kind:name:known:)``.
  public func find(_ name: String) throws(RegistryError) -> Kind {
    guard let entry = entries[name] else {
      throw .unknown(kind: kind, name: name, known: names)
    }
    return entry.type
  }

  /// Whether there is a plug-in called `name`.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  mutating func insert(_ name: String, _ type: Kind, origin: String) throws(RegistryError) {
    if let present = entries[name] {
      throw .duplicate(kind: kind, name: name, first: present.origin, second: origin)
    }
    entries[name] = Entry(name: name, type: type, origin: origin)
  }
}

/// What can go wrong when a plug-in is registered or looked up.
public enum RegistryError: BearLabError, Equatable {
  case unknown(kind: String, name: String, known: [String])
  case duplicate(kind: String, name: String, first: String, second: String)

  public var description: String {
    switch self {
    case .unknown(let kind, let name, _): "there is no \(kind) '\(excerpt(of: name))'"
    case .duplicate(let kind, let name, let first, let second):
      "\(kind) '\(name)' is registered twice: by \(first) and by \(second)"
    }
  }

  public var remedy: String {
    switch self {
    case .unknown(let kind, let name, let known):
      Suggestion.remedy(for: name, among: known, noun: kind)
    case .duplicate: "rename one of them, or load only one"
    }
  }
}
