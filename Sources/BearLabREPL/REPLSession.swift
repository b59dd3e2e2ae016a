public import BearLabCore
internal import BearLabRun
internal import Foundation

/// Interprets lines: those that compose a run by itself, all others as commands of the program.
public final class REPLSession {
  /// What a line leads to.
  public enum Outcome: Sendable, Equatable {
    case next
    case quit
  }

  public private(set) var composition: Composition
  let registry: PluginRegistry
  let host: any REPLHost

  /// Begins with nothing set.
  public init(registry: PluginRegistry, host: any REPLHost) {
    self.registry = registry
    self.host = host
    composition = Composition(registry: registry)
  }

  /// Does what a line says; one without words, or with a comment alone, says nothing.
  ///
  /// - Throws: ``REPLError``, and what settings and commands have against it.
  public func interpret(_ line: String) throws -> Outcome {
    let words = try CommandWords.split(line)
    guard let name = words.first else { return .next }
    let arguments = Array(words.dropFirst())
    guard let own = SessionCommand(rawValue: name) else {
      try execute(name, arguments)
      return .next
    }
    if own == .quit || own == .exit { return .quit }
    try perform(own, arguments)
    return .next
  }

  private func perform(_ command: SessionCommand, _ arguments: [String]) throws {
    switch command {
    case .dataset, .model, .backbone, .objective, .decoder, .recommender, .sampler, .protocol:
      try choose(command, arguments)
    case .set:
      try requireSome(command, arguments, "a setting such as training.epochs=2")
      try composition.set(arguments)
    case .reset: try composition.reset(try atMostOne(command, arguments))
    case .show: try show(atMostOne(command, arguments))
    case .use: try use(one(command, arguments, "a run, or none"))
    case .save:
      try save(to: one(command, arguments, "a file"))
    case .load:
      let path = try one(command, arguments, "a file")
      try composition.load(
        RunDescription.assignments(yamlFile: path).map { try host.resolved($0) })
    case .help: try help(arguments)
    case .quit, .exit: break
    }
  }

  private func choose(_ command: SessionCommand, _ arguments: [String]) throws {
    try requireSome(command, arguments, "a name")
    let kind = command.rawValue
    let chosen = try host.resolved(
      RunDescription.Assignment(section: "", name: kind, text: arguments[0]))
    let parameters = Array(arguments.dropFirst())
    guard command.hasParameters || parameters.isEmpty else {
      throw REPLError.tooMany(command: kind, words: parameters)
    }
    try composition.choose(kind, chosen.text, parameters: parameters)
  }

  private func show(_ what: String?) throws {
    guard let what else { return host.print(composition.text) }
    guard what == "all" else { throw REPLError.unknownWord(command: "show", what, known: ["all"]) }
    host.print(try composition.description.yaml().trimmingCharacters(in: .newlines))
  }

  private func use(_ name: String) throws {
    host.currentRun = name == "none" ? nil : try host.run(named: name)
  }

  private func save(to path: String) throws {
    let text = try composition.description.yaml()
    do {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw REPLError.file(path: path, reason: (error as NSError).localizedDescription)
    }
  }

  /// Runs a command of the program, with the current run where it is given none.
  private func execute(_ name: String, _ arguments: [String]) throws {
    guard let command = host.commands.first(where: { $0.name == name }) else {
      throw REPLError.unknownCommand(name, known: knownCommands)
    }
    var arguments = arguments
    if let run = host.currentRun, !arguments.contains("--help"), !arguments.contains("-h") {
      if Self.takingARun.contains(name), !command.hasPositional(arguments) {
        arguments.insert(run, at: 0)
      } else if name == Self.namingARun, !arguments.contains(where: { $0.hasPrefix("--run") }) {
        arguments += ["--run", run]
      }
    }
    try host.execute([name] + arguments, composed: composition.assignments)
  }

  /// Commands whose one argument is a run.
  static let takingARun = ["resume", "evaluate", "diagnose", "explain"]
  /// The one that takes it with `--run`.
  static let namingARun = "recommend"

  var knownCommands: [String] {
    SessionCommand.allCases.map(\.rawValue) + host.commands.map(\.name)
  }

  // MARK: Words

  private func requireSome(
    _ command: SessionCommand, _ arguments: [String], _ what: String
  ) throws(REPLError) {
    guard !arguments.isEmpty else { throw .missing(command: command.rawValue, what: what) }
  }

  private func atMostOne(
    _ command: SessionCommand, _ arguments: [String]
  ) throws(REPLError) -> String? {
    guard arguments.count <= 1 else {
      throw .tooMany(command: command.rawValue, words: Array(arguments.dropFirst()))
    }
    return arguments.first
  }

  private func one(
    _ command: SessionCommand, _ arguments: [String], _ what: String
  ) throws(REPLError) -> String {
    guard let argument = try atMostOne(command, arguments) else {
      throw .missing(command: command.rawValue, what: what)
    }
    return argument
  }

  // MARK: Help

  private func help(_ arguments: [String]) throws {
    guard let name = arguments.first else { return host.print(overview) }
    if let own = SessionCommand(rawValue: name) {
      return host.print("\(own.usage)\n  \(own.summary)")
    }
    guard host.commands.contains(where: { $0.name == name }) else {
      throw REPLError.unknownCommand(name, known: knownCommands)
    }
    try host.execute(["help"] + arguments, composed: [])
  }

  private var overview: String {
    func lines(_ rows: [(String, String)]) -> String {
      let width = rows.map(\.0.count).max() ?? 0
      return rows.map { "  " + $0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $1 }
        .joined(separator: "\n")
    }
    return """
      Composing a run:
      \(lines(SessionCommand.allCases.map { ($0.usage, $0.summary) }))

      Commands of the program, with their options (help COMMAND tells of them). Settings that were
      composed hold where an option does not say otherwise.
      \(Self.takingARun.joined(separator: ", ")) and \(Self.namingARun) take the current run where \
      they are given none.

      \(lines(host.commands.map { ($0.name, $0.summary) }))
      """
  }
}
