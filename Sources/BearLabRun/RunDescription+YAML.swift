internal import BearLabCore
internal import BearLabData
internal import BearLabFormats
internal import Foundation
internal import Yams

extension RunDescription {
  /// The description as `run.yaml` holds it, every default written out; of a run without a language
  /// model, what it uses.
  ///
  /// - Parameter record: what the run found: hashes, instruction set, threads; not read back.
  /// - Returns: YAML that ``assignments(yaml:path:)`` reads back.
  /// - Throws: what Yams throws when it cannot write.
  public func yaml(record: [(name: String, value: String)] = []) throws -> String {
    var pairs: [(Node, Node)] = []
    func scalar(_ value: ParameterValue) -> Node {
      switch value {
      case .text(let text): Node.scalar(Node.Scalar(text, Tag(.str)))
      default: Node.scalar(Node.Scalar(value.description))
      }
    }
    func mapping(_ values: [(String, Node)]) -> Node {
      Node.mapping(Node.Mapping(values.map { (Node($0.0), $0.1) }))
    }
    func rows(_ values: ParameterValues) -> [(String, Node)] {
      values.values.filter { !(RunSections.lists.contains($0.key) && $0.value == .text("")) }
        .sorted { $0.key < $1.key }.map { ($0.key, scalar($0.value)) }
    }
    for (name, value) in rows(general) where !Self.pluginKinds.contains(name) && uses("", name) {
      pairs.append((Node(name), value))
    }
    for (kind, choice) in zip(
      Self.pluginKinds, [backbone, recommender, objective, sampler, decoder])
    {
      guard let choice, kind == "recommender" || uses("", kind) else { continue }
      pairs.append((Node(kind), mapping([("name", Node(choice.name))] + rows(choice.values))))
    }
    for (name, values) in [("training", training), ("lora", lora), ("evaluation", evaluation)] {
      let used = rows(values).filter { uses(name, $0.0) }
      if !used.isEmpty { pairs.append((Node(name), mapping(used))) }
    }
    if !record.isEmpty {
      pairs.append(
        (
          Node("record"),
          mapping(record.map { ($0.name, Node.scalar(Node.Scalar($0.value, Tag(.str)))) })
        ))
    }
    return try Yams.serialize(node: Node.mapping(Node.Mapping(pairs)))
  }

  /// Reads the settings of the YAML file at a path; see ``assignments(yaml:path:)``.
  ///
  /// - Throws: `FileError` where there is no such file, or ``RunDescriptionError``.
  public static func assignments(yamlFile path: String) throws -> [Assignment] {
    try assignments(yaml: MappedFile.text(path: path), path: path)
  }

  /// Reads the settings of a YAML text, in the layout of `run.yaml`; what is left out keeps its
  /// default.
  ///
  /// - Throws: ``RunDescriptionError/malformedYAML(path:reason:)``.
  public static func assignments(
    yaml text: String, path: String
  ) throws(RunDescriptionError) -> [Assignment] {
    let root: Node?
    do {
      root = try SafeYAML.root(of: text)
    } catch {
      throw .malformedYAML(
        path: path,
        reason: "line \(error.line): \(error.problem), at '\(excerpt(of: error.seen))'")
    }
    guard let root else { return [] }
    guard let mapping = root.mapping else {
      throw .malformedYAML(path: path, reason: "the top is not a mapping of names to values")
    }
    var assignments: [Assignment] = []
    for (key, value) in mapping {
      guard let name = key.string else {
        throw .malformedYAML(path: path, reason: "a key is not a word")
      }
      if name == "record" { continue }
      if let text = value.scalar?.string {
        assignments.append(Assignment(section: "", name: name, text: text))
      } else if let section = value.mapping {
        for (key, value) in section {
          guard let parameter = key.string, let text = value.scalar?.string else {
            throw .malformedYAML(path: path, reason: "section '\(name)' holds more than values")
          }
          // The plug-in's own name is a general setting.
          let isName = parameter == "name" && Self.pluginKinds.contains(name)
          assignments.append(
            Assignment(
              section: isName ? "" : name, name: isName ? name : parameter, text: text))
        }
      } else {
        throw .malformedYAML(path: path, reason: "'\(name)' is a list")
      }
    }
    // A mapping has no order: the protocol and the plug-ins' names come before what depends on
    // them, wherever they stand in the file.
    return assignments.filter { $0.section.isEmpty && $0.name == "protocol" }
      + assignments.filter { $0.section.isEmpty && $0.name != "protocol" }
      + assignments.filter { !$0.section.isEmpty }
  }
}
