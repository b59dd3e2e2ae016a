import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab runs show`.
struct ShowRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show all that is known of a run.")

  @Argument(help: ArgumentHelp("A run: folder, number, name or tag.", valueName: "run"))
  var reference: String
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let (store, entry) = try RunReference.entry(reference)
    store.tellProblem()
    let sheet = RunSheet(entry)
    Console.print(try (json ? sheet.json : sheet.text).trimmingCharacters(in: .newlines))
  }
}

/// `bear-lab runs delete`.
struct DeleteRunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Remove runs with their folders, for good.",
    discussion: """
      A run that is at work is refused. Of a series of seeds all runs are removed. The numbers are \
      not given again.
      """)

  @Argument(help: "Runs: folders, numbers, names or tags.") var runs: [String]
  @Flag(help: "Do not ask.") var yes = false

  func run() throws {
    // All of them first: a mistake in one leaves the others as they are.
    let found = try runs.map { try RunReference.entry($0) }
    for (store, entry) in found {
      // A seed's run may have gone with its series.
      guard FileManager.default.fileExists(atPath: entry.path) else { continue }
      guard try yes || agreed(entry) else {
        Console.error("\(entry.path) stays")
        throw ExitCode.failure
      }
      try store.delete(entry)
      Console.print("deleted \(entry.title)")
    }
  }

  /// Asks; no answer is a no.
  private func agreed(_ entry: RunEntry) throws -> Bool {
    if entry.state == .running { throw RunFolderError.inUse(path: entry.path) }
    Console.write("delete \(entry.title) (\(entry.state.rawValue)) and all its files? [y/N] ")
    let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased()
    return answer == "y" || answer == "yes"
  }
}

/// `bear-lab runs tag`.
struct TagRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tag", abstract: "Give tags to a run, or take them from it.")

  @Argument(help: ArgumentHelp("A run: folder, number, name or tag.", valueName: "run"))
  var reference: String
  @Argument(help: "Words, such as best-bear.") var tags: [String]
  @Flag(help: "Take them away.") var remove = false

  func run() throws {
    let (store, entry) = try RunReference.entry(reference)
    let found = try store.tag(entry, tags, removing: remove)
    store.tellProblem()
    Console.print("\(entry.title): " + (found.isEmpty ? "no tag" : found.joined(separator: " ")))
  }
}

/// `bear-lab runs note`.
struct NoteRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "note", abstract: "Write a note on a run, in place of the one that it has.")

  @Argument(help: ArgumentHelp("A run: folder, number, name or tag.", valueName: "run"))
  var reference: String
  @Argument(help: "The note; an empty one removes it.") var text: String

  func run() throws {
    let (store, entry) = try RunReference.entry(reference)
    try store.note(entry, text)
    store.tellProblem()
    Console.print("\(entry.title): " + (text.isEmpty ? "no note" : "noted"))
  }
}

extension RunEntry {
  /// Number and name.
  fileprivate var title: String { number.map { "\($0) \(name)" } ?? name }
}
