import ArgumentParser
import BearLabCore
import BearLabPlugins
import BearLabRun
import Foundation

/// `bear-lab new`: write a plug-in.
struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a new plug-in that works as it is, for you to change.",
    discussion: """
      Writes a Swift package: one source file, one test that checks the contract of its kind, and a \
      README. Commands take it with --plugin, and build it where it is not up to date. With \
      --in-tree, a module of the repository is written instead, and the lines that make it a \
      built-in plug-in. Nothing is overwritten.
      """)

  @Argument(help: "What it is.")
  var kind: PluginKind
  @Argument(help: "Its name on the command line, such as focal-loss.") var name: String
  @Option(help: "The folder of the package. (default: ./NAME)") var path: String?
  @Flag(help: "Write a module of the repository that this program was built in.")
  var inTree = false

  func validate() throws {
    guard path == nil || !inTree else {
      throw ValidationError("give --path or --in-tree, not both")
    }
  }

  func run() throws {
    let name = try PluginName(self.name)
    let others = try PluginRegistry.builtin().catalogue.first { $0.kind == kind.rawValue }
    if let taken = others?.entries.first(where: { $0.name == name.text }) {
      throw PluginScaffoldError.taken(
        kind: kind.rawValue, name: name.text, origin: taken.origin)
    }
    let scaffold = PluginScaffold(kind, name: name)
    let toolkit = try PluginToolkit.current
    let folder = path ?? name.text
    let files =
      try inTree
      ? scaffold.writeInTree(toolkit.home) : scaffold.writePackage(to: folder, for: toolkit)
    for file in files { Console.print(file) }
    Console.error(
      inTree
        ? "next: scripts/test --filter \(scaffold.module)Tests"
        : "next: swift test --package-path \(folder)\n"
          + "      bear-lab describe \(kind.rawValue) \(name.text) --plugin \(folder)")
  }
}

extension PluginKind: ExpressibleByArgument {}
