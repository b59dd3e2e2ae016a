public import BearLabCore
public import BearLabRun

/// The settings of the next run, composed one by one.
///
/// Each change is checked as a whole before it is made: a wrong name or value leaves all as it was.
public struct Composition {
  /// In the order in which they were given; each setting once.
  public private(set) var assignments: [RunDescription.Assignment] = []
  private let registry: PluginRegistry

  /// Nothing is set.
  public init(registry: PluginRegistry) { self.registry = registry }

  /// Chooses a data set, a model or a plug-in, with parameters.
  ///
  /// - Parameters:
  ///   - kind: a general setting, such as `dataset` or `objective`.
  ///   - name: its value.
  ///   - parameters: of the plug-in, such as `lambda=0.5`.
  /// - Throws: what ``BearLabRun/RunDescription`` has against it.
  public mutating func choose(_ kind: String, _ name: String, parameters: [String]) throws {
    let own = try parameters.map { try RunDescription.Assignment(parsing: "\(kind).\($0)") }
    // A plug-in's choice begins its parameters anew.
    let others = assignments.filter { $0.section != kind }
    try replace(with: others, adding: [.init(section: "", name: kind, text: name)] + own)
  }

  /// Sets any settings, such as `training.epochs=2`.
  public mutating func set(_ texts: [String]) throws {
    try replace(
      with: assignments, adding: texts.map { try RunDescription.Assignment(parsing: $0) })
  }

  /// Forgets a setting, all of a section, or everything.
  ///
  /// - Parameter name: such as `objective.lambda`, `training`, `dataset`; nil for everything.
  /// - Throws: ``REPLError/nothingSet(_:)``.
  public mutating func reset(_ name: String?) throws {
    guard let name else { return assignments = [] }
    let kept = assignments.filter {
      $0.path != name && $0.section != name
    }
    guard kept.count < assignments.count else { throw REPLError.nothingSet(name) }
    try replace(with: kept, adding: [])
  }

  /// Takes the settings of a file in place of all that is set.
  public mutating func load(_ loaded: [RunDescription.Assignment]) throws {
    try replace(with: [], adding: loaded)
  }

  /// The whole description, every default filled in.
  public var description: RunDescription {
    get throws { try RunDescription(assignments, registry: registry) }
  }

  /// What is set, a line each.
  public var text: String {
    guard !assignments.isEmpty else { return "nothing is set: all is as `show all` has it" }
    return assignments.map { "\($0.path)=\($0.text)" }.joined(separator: "\n")
  }

  private mutating func replace(
    with kept: [RunDescription.Assignment], adding new: [RunDescription.Assignment]
  ) throws {
    let keys = Set(new.map(\.path))
    let all = kept.filter { !keys.contains($0.path) } + new
    _ = try RunDescription(all, registry: registry)
    assignments = all
  }
}
