public import BearLabCore

/// The texts of `bear-lab list` and `bear-lab describe`.
public enum PluginListing {
  /// Every plug-in with its summary, by kind.
  ///
  /// - Parameters:
  ///   - registry: the plug-ins.
  ///   - kind: in the singular or plural; nil for all.
  /// - Returns: lines of text, without a line feed at the end.
  /// - Throws: ``PluginListingError/unknownKind(_:known:)``.
  public static func list(_ registry: PluginRegistry, kind: String?) throws -> String {
    var catalogue = registry.catalogue
    if let kind { catalogue = [try find(kind, in: catalogue)] }
    return catalogue.map { group in
      let entries =
        group.entries.map { ($0.name, $0.type.summary) }
        + (group.kind == registry.objectives.kind ? compositions(registry) : [])
      let width = entries.map(\.0.count).max() ?? 0
      let rows = entries.map { name, summary in
        "  \(name)\(String(repeating: " ", count: width - name.count))  \(summary)"
      }
      return "\(group.kind)\n" + (rows.isEmpty ? ["  (none yet)"] : rows).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// A line for each objective that can stand behind a `+`.
  private static func compositions(_ registry: PluginRegistry) -> [(String, String)] {
    registry.factorObjectives.map { name in
      let first = registry.weightedObjectives.joined(separator: ", ")
      return ("…+\(name)", "one of \(first), its tokens weighted as \(name) does")
    }
  }

  /// A plug-in's summary, parameters, citation and origin; or a section of a run.
  ///
  /// - Throws: ``PluginListingError/unknownKind(_:known:)`` or `RegistryError`.
  public static func describe(
    _ registry: PluginRegistry, kind: String, name: String
  ) throws -> String {
    if kind == "section" { return try describe(section: name) }
    let group = try find(kind, in: registry.catalogue, besides: ["section"])
    if group.kind == registry.objectives.kind, name.contains("+") {
      let halves = name.split(separator: "+")
      let origins = halves.flatMap { half in
        group.entries.filter { $0.name == half }.map(\.origin)
      }
      return lines(
        of: try registry.objective(named: name), as: "\(group.kind) \(name)",
        origin: origins.joined(separator: ", "), section: group.kind)
    }
    guard let entry = group.entries.first(where: { $0.name == name }) else {
      throw RegistryError.unknown(kind: group.kind, name: name, known: group.entries.map(\.name))
    }
    return lines(
      of: entry.type, as: "\(group.kind) \(name)", origin: entry.origin, section: group.kind)
  }

  private static func lines(
    of type: any Plugin.Type, as title: String, origin: String, section: String
  ) -> String {
    let source = type.citation.isEmpty ? [] : ["source: \(type.citation)"]
    let head = ["\(title): \(type.summary)"] + source + ["from: \(origin)"]
    return (head + parameterLines(type.parameters, section: section)).joined(separator: "\n")
  }

  private static func describe(section name: String) throws -> String {
    let sections =
      [("general", RunSections.general)] + RunSections.all.map { ($0.name, $0.parameters) }
    guard let section = sections.first(where: { $0.0 == name }) else {
      throw RegistryError.unknown(kind: "section", name: name, known: sections.map(\.0))
    }
    return
      (["section \(name) of a run"]
      + parameterLines(section.1, section: name == "general" ? "" : name)).joined(separator: "\n")
  }

  private static func parameterLines(_ parameters: [Parameter], section: String) -> [String] {
    guard !parameters.isEmpty else { return ["parameters: none"] }
    return ["parameters:"]
      + parameters.flatMap { parameter in
        let path = RunDescription.Assignment.path(section, parameter.name)
        let value = parameter.defaultValue.description
        let unit = parameter.unit.isEmpty ? "" : ", in \(parameter.unit)"
        return [
          "  \(path)  (default \(value.isEmpty ? "none" : value)\(unit))",
          "      \(parameter.summary); accepts \(parameter.acceptedValues)",
        ]
      }
  }

  private static func find(
    _ kind: String,
    in catalogue: [(
      kind: String, entries: [(name: String, type: any Plugin.Type, origin: String)]
    )],
    besides others: [String] = []
  ) throws -> (kind: String, entries: [(name: String, type: any Plugin.Type, origin: String)]) {
    guard let group = catalogue.first(where: { $0.kind == kind || "\($0.kind)s" == kind }) else {
      throw PluginListingError.unknownKind(kind, known: catalogue.map(\.kind) + others)
    }
    return group
  }
}

/// Why nothing can be listed.
public enum PluginListingError: BearLabError, Equatable {
  case unknownKind(String, known: [String])

  public var description: String {
    switch self {
    case .unknownKind(let kind, _): "there is no kind of plug-in '\(kind)'"
    }
  }

  public var remedy: String {
    switch self {
    case .unknownKind(let kind, let known):
      Suggestion.remedy(for: kind, among: known, noun: "kind")
    }
  }
}
