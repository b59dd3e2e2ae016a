internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

extension RunDescription {
  /// The paths of the packages and libraries of plug-ins that settings name, the last ones winning.
  public static func pluginPaths(_ assignments: [Assignment]) -> [String] {
    let text = assignments.last { $0.section.isEmpty && $0.name == RunSections.pluginsName }?.text
    return (text ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The setting that names packages and libraries of plug-ins.
  public static func plugins(_ paths: [String]) -> Assignment {
    Assignment(
      section: "", name: RunSections.pluginsName, text: paths.joined(separator: ","))
  }

  /// Some plug-ins and others; one that has moved takes the place of that of the same name.
  public static func pluginPaths(_ paths: [String], and others: [String]) -> [String] {
    func name(_ path: String) -> String { URL(filePath: path).lastPathComponent }
    let names = Set(others.map(name))
    return paths.filter { !names.contains(name($0)) } + others
  }

  /// Reads metrics such as `mrr,ndcg@20`: a number behind `@` is the parameter `k`.
  ///
  /// - Throws: ``RunDescriptionError/malformedMetric(_:)``, `RegistryError`, `ParameterError`.
  static func metrics(_ text: String, registry: PluginRegistry) throws -> [NamedMetric] {
    try text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.map { word in
      let parts = word.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
      let type = try registry.metrics.find(parts[0])
      guard parts.count > 1 else {
        return NamedMetric(word, try type.init([:]), cutoff: type.defaultCutoff)
      }
      guard parts.count == 2, let cutoff = Int(parts[1]) else {
        throw RunDescriptionError.malformedMetric(word)
      }
      return NamedMetric(word, try type.init(["k": .integer(cutoff)]), cutoff: cutoff)
    }
  }
}

extension Metric {
  /// The default of the parameter `k`; nil of a metric without one.
  fileprivate static var defaultCutoff: Int? {
    switch parameters.first(where: { $0.name == "k" })?.defaultValue {
    case .integer(let cutoff): cutoff
    default: nil
    }
  }
}

extension Registry {
  /// SHA-256 of the library that a plug-in is from; nil for a built-in one.
  func libraryHash(of name: String, in libraries: [PluginRegistry.Library]) -> String? {
    let origin = all.first { $0.name == name }?.origin
    return libraries.first { $0.path == origin }?.hash
  }
}
