import ArgumentParser
import BearLabREPL
import Foundation

/// Names and options of all commands, as ArgumentParser tells them for tools.
enum CommandOutline {
  private struct Tool: Decodable {
    let command: Command
  }

  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String

        /// As it is typed.
        var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
      }
      let kind: String
      let names: [Name]?
    }
    let commandName: String
    let abstract: String?
    let subcommands: [Command]?
    let arguments: [Argument]?

    var outline: REPLCommand {
      REPLCommand(
        name: commandName, summary: abstract ?? "",
        options: (arguments ?? []).flatMap { $0.names ?? [] }
          .filter { $0.kind == "long" && !["help", "version"].contains($0.name) }
          .map(\.text),
        flags: Set(
          (arguments ?? []).filter { $0.kind == "flag" }.flatMap { $0.names ?? [] }.map(\.text)),
        subcommands: (subcommands ?? []).map(\.outline).filter { $0.name != "help" })
    }
  }

  /// The subcommands of `bear-lab`, in the order of its help.
  static var commands: [REPLCommand] {
    let text = BearLabCommand._dumpHelp()
    let tool = try? JSONDecoder().decode(Tool.self, from: Data(text.utf8))
    return tool?.command.outline.subcommands ?? []
  }
}
