internal import BearLabCore
internal import BearLabRun
internal import Foundation

/// What the words before the cursor may be continued with.
public struct Completion: Sendable, Equatable {
  /// Where the unfinished word begins, its quote included.
  public let start: String.Index
  /// Whole words in place of it, in order, each as it is written in a line.
  public let candidates: [String]

  /// The beginning that all candidates share; with one candidate, and a space behind it where the
  /// word is complete, the candidate.
  public var replacement: String? {
    guard let first = candidates.first else { return nil }
    if candidates.count == 1 {
      return first.last.map { "=/.".contains($0) } ?? true ? first : first + " "
    }
    return candidates.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
  }
}

extension REPLSession {
  /// Completes a line up to the cursor.
  public func complete(_ line: String) -> Completion {
    let words = CommandWords(line)
    let typed = words.endsInWord ? words.words.last : nil
    let partial = typed?.text ?? ""
    let before = words.texts.dropLast(words.endsInWord ? 1 : 0)
    let start = typed?.start ?? line.endIndex
    let all = candidates(after: Array(before), partial)
    var matching = all.filter { $0.hasPrefix(partial) }
    if matching.isEmpty {
      // Titles, above all: what differs in case, then what has it anywhere.
      matching = all.filter { $0.lowercased().hasPrefix(partial.lowercased()) }
    }
    if matching.isEmpty, !partial.isEmpty, before.first == "recommend" {
      matching = all.filter { $0.localizedCaseInsensitiveContains(partial) }
    }
    // Titles have spaces, nearly all of them; what they share shall begin with the quote.
    let isQuoted =
      words.openQuote != nil || before.first == "recommend" && !partial.hasPrefix("-")
    return Completion(
      start: start,
      candidates: matching.map { Self.written($0, isQuoted: isQuoted) })
  }

  /// A candidate as one word of a line.
  static func written(_ text: String, isQuoted: Bool) -> String {
    // In quotes it would not be the home folder.
    if text.hasPrefix("~/") { return "~/" + written(String(text.dropFirst(2)), isQuoted: isQuoted) }
    let quoted = CommandWords.quoted(text)
    return isQuoted && quoted == text ? "\"\(text)\"" : quoted
  }

  private func candidates(after words: [String], _ partial: String) -> [String] {
    guard let name = words.first else { return knownCommands }
    let arguments = Array(words.dropFirst())
    if let own = SessionCommand(rawValue: name) { return candidates(own, arguments, partial) }
    guard let command = host.commands.first(where: { $0.name == name }) else { return [] }
    return candidates(command, arguments, partial)
  }

  private func candidates(
    _ command: SessionCommand, _ arguments: [String], _ partial: String
  ) -> [String] {
    switch command {
    case .dataset, .model:
      guard arguments.isEmpty else { return [] }
      let resource: REPLResource = command == .dataset ? .dataset : .model
      return host.names(of: resource) + paths(partial)
    case .protocol:
      return arguments.isEmpty ? EvaluationProtocol.allCases.map(\.rawValue) : []
    case .backbone, .objective, .decoder, .recommender, .sampler:
      guard let plugin = arguments.first else { return names(ofKind: command.rawValue) }
      return assignments(
        of: parameters(ofKind: command.rawValue, plugin), section: "", partial)
    case .set:
      return settings.flatMap { assignments(of: $0.parameters, section: $0.section, partial) }
    case .reset:
      let keys = composition.assignments.flatMap { [$0.section, $0.path] }
      return arguments.isEmpty ? Set(keys).filter { !$0.isEmpty }.sorted() : []
    case .show: return arguments.isEmpty ? ["all"] : []
    case .use: return arguments.isEmpty ? ["none"] + host.names(of: .run) + paths(partial) : []
    case .save, .load: return arguments.isEmpty ? paths(partial) : []
    case .help: return arguments.isEmpty ? knownCommands : []
    case .quit, .exit: return []
    }
  }

  private func candidates(
    _ command: REPLCommand, _ arguments: [String], _ partial: String
  ) -> [String] {
    if let sub = command.subcommands.first(where: { $0.name == arguments.first }) {
      return candidates(sub, Array(arguments.dropFirst()), partial)
    }
    if partial.hasPrefix("-") { return command.options.sorted() }
    if let option = arguments.last, option.hasPrefix("--") {
      let values = values(ofOption: option, partial)
      if !values.isEmpty { return values }
    }
    if command.name == "recommend" { return host.titles(composition.assignments) }
    let subcommands = arguments.isEmpty ? command.subcommands.map(\.name) : []
    return subcommands + host.names(of: .run) + paths(partial)
  }

  /// What may follow an option: a plug-in's name, a setting, a file.
  private func values(ofOption option: String, _ partial: String) -> [String] {
    let name = String(option.dropFirst(2))
    switch name {
    case "set", "grid":
      return settings.flatMap { assignments(of: $0.parameters, section: $0.section, partial) }
    case "dataset": return host.names(of: .dataset) + paths(partial)
    case "model": return host.names(of: .model) + paths(partial)
    case "run", "init-from", "baseline": return host.names(of: .run) + paths(partial)
    case "protocol": return EvaluationProtocol.allCases.map(\.rawValue)
    case "config", "output", "adapter", "script": return paths(partial)
    default: return names(ofKind: name)
    }
  }

  // MARK: Plug-ins and settings

  private func names(ofKind kind: String) -> [String] {
    registry.catalogue.first { $0.kind == kind }?.entries.map(\.name) ?? []
  }

  private func parameters(ofKind kind: String, _ name: String) -> [Parameter] {
    if kind == "objective" { return (try? registry.objective(named: name).parameters) ?? [] }
    let group = registry.catalogue.first { $0.kind == kind }
    return group?.entries.first { $0.name == name }?.type.parameters ?? []
  }

  /// All settings of the run that is composed, by section.
  private var settings: [(section: String, parameters: [Parameter])] {
    let chosen = try? composition.description
    let plugins = [
      ("backbone", chosen?.backbone.name), ("objective", chosen?.objective.name),
      ("decoder", chosen?.decoder.name), ("sampler", chosen?.sampler?.name),
      ("recommender", chosen?.recommender?.name),
    ]
    return [("", RunSections.general)] + RunSections.all.map { ($0.name, $0.parameters) }
      + plugins.compactMap { kind, name in name.map { (kind, parameters(ofKind: kind, $0)) } }
  }

  /// `name=` of each parameter; behind the equals sign, the values that it takes.
  private func assignments(
    of parameters: [Parameter], section: String, _ partial: String
  ) -> [String] {
    let prefix = section.isEmpty ? "" : "\(section)."
    guard let equals = partial.firstIndex(of: "=") else {
      return parameters.map { "\(prefix)\($0.name)=" }
    }
    let key = String(partial[..<equals])
    guard let parameter = parameters.first(where: { prefix + $0.name == key }) else { return [] }
    let isPlugin = section.isEmpty && RunDescription.pluginKinds.contains(parameter.name)
    let values = isPlugin ? names(ofKind: parameter.name) : parameter.knownValues
    return values.map { "\(key)=\($0)" }
  }

  /// Files and folders that a partial path may become.
  private func paths(_ partial: String) -> [String] {
    let slash = partial.lastIndex(of: "/")
    let folder = slash.map { String(partial[...$0]) } ?? ""
    let place = CommandWords.expandingHome(folder)
    let isHidden = partial[(slash.map { partial.index(after: $0) } ?? partial.startIndex)...]
      .hasPrefix(".")
    let entries =
      (try? FileManager.default.contentsOfDirectory(atPath: place.isEmpty ? "." : place)) ?? []
    return entries.sorted().filter { isHidden || !$0.hasPrefix(".") }.map { name in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: (place.isEmpty ? "./" : place) + name, isDirectory: &isFolder)
      return folder + name + (isFolder.boolValue ? "/" : "")
    }
  }
}

extension Parameter {
  /// The values that it takes, where there are few; else its default.
  fileprivate var knownValues: [String] {
    switch domain {
    case .choice(let options): options
    case .flag: ["true", "false"]
    case .real, .integer, .text: [defaultValue.description]
    }
  }
}
