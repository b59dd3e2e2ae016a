import ArgumentParser
import BearLabCore
import BearLabREPL
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab repl`: composes and runs step by step.
struct REPLCommandLine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl",
    abstract: "Compose runs step by step, with everything loaded kept in memory.",
    discussion: """
      On a terminal, lines are edited with the keys of Emacs, Tab completes, Ctrl-R searches earlier \
      lines, Ctrl-C stops a run after a checkpoint, and Ctrl-D leaves. Lines of a file or a pipe do \
      the same, and the first error ends them. Every command of bear-lab is one here; `help` lists \
      them.
      """)

  @Option(help: "A file of lines to do instead of those of the standard input.")
  var script: String?
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    CommandContext.current.plugins = plugins.paths
    let registry = try plugins.registry()
    let host = CommandHost(registry: registry)
    let session = REPLSession(registry: registry, host: host)
    CommandContext.current.loaded = LoadedResources()
    if let script {
      let text: String
      do { text = try String(contentsOfFile: script, encoding: .utf8) } catch {
        throw REPLError.file(path: script, reason: "it cannot be read as text")
      }
      try Self.perform(text.split(separator: "\n", omittingEmptySubsequences: false), in: session)
    } else if isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 {
      try Self.converse(session)
    } else {
      try Self.perform(
        AnyIterator { readLine(strippingNewline: true).map { Substring($0) } }, in: session)
    }
  }

  /// Does lines up to the first error, whose line is named.
  private static func perform(
    _ lines: some Sequence<Substring>, in session: REPLSession
  ) throws {
    for (index, line) in lines.enumerated() {
      do {
        if try session.interpret(String(line)) == .quit { return }
      } catch {
        Console.error("line \(index + 1): \(line)")
        throw error
      }
    }
  }

  /// Talks with a user until they leave; an error ends a command alone.
  private static func converse(_ session: REPLSession) throws {
    let history = "\(ResourceLocator.current.cache)/repl-history"
    guard
      let editor = TerminalEditor(
        name: "bear-lab", prompt: "bear> ", historyPath: history,
        complete: { session.complete($0) })
    else { throw REPLError.file(path: "/dev/tty", reason: "this terminal cannot be edited") }
    Console.print(
      "bear-lab \(BearLab.version): help lists the commands, Tab completes, Ctrl-D leaves")
    while true {
      switch editor.line() {
      case .end:
        Console.print("")
        return
      case .cancelled: Console.print("^C")
      case .line(let line):
        editor.remember(line)
        do {
          if try session.interpret(line) == .quit { return }
        } catch {
          CommandHost.show(error)
        }
      }
    }
  }
}

/// The command line as a session sees it.
final class CommandHost: REPLHost {
  let commands: [REPLCommand]
  private let registry: PluginRegistry

  init(registry: PluginRegistry) {
    self.registry = registry
    commands = CommandOutline.commands.filter { $0.name != "repl" }
  }

  var currentRun: String? {
    get { CommandContext.current.currentRun }
    set { CommandContext.current.currentRun = newValue }
  }

  func execute(_ words: [String], composed: [RunDescription.Assignment]) throws {
    CommandContext.current.composed = composed
    CommandContext.current.signals = StopSignals()
    defer {
      CommandContext.current.composed = []
      CommandContext.current.signals = nil
    }
    do {
      var command = try BearLabCommand.parseAsRoot(words)
      try command.run()
    } catch  where BearLabCommand.exitCode(for: error) == .success {
      // A request for help.
      Console.print(BearLabCommand.fullMessage(for: error))
    }
  }

  /// Tells of what ended a command, unless it has told itself.
  static func show(_ error: any Error) {
    if let error = error as? any BearLabError {
      Console.show(error)
    } else if !(error is ExitCode) {
      Console.error(BearLabCommand.fullMessage(for: error))
    }
  }

  func print(_ text: String) { Console.print(text) }

  func resolved(
    _ assignment: RunDescription.Assignment
  ) throws -> RunDescription.Assignment {
    try ExperimentOptions.withAbsolutePath(assignment)
  }

  func names(of resource: REPLResource) -> [String] {
    switch resource {
    case .dataset: ResourceLocator.current.datasetNames
    case .model: ResourceLocator.current.modelNames
    case .run: RunStore(RunReference.defaultRoot).entries().flatMap { [$0.name] + $0.tags }
    }
  }

  func run(named text: String) throws -> String { try RunReference.folder(text).path }

  func titles(_ composed: [RunDescription.Assignment]) -> [String] {
    do {
      let settings =
        try currentRun.map {
          let folder = try RunFolder(existing: $0)
          return try RunDescription.assignments(
            yaml: folder.readDescription(), path: folder.descriptionPath)
        } ?? composed
      let description = try RunDescription(settings, registry: registry)
      return try ResourceLocator.current.titles(
        ofDataset: description.dataset, registry: registry)
    } catch {
      // Nothing to complete from; the command itself will say what is wrong.
      return []
    }
  }
}
