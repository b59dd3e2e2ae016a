import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab runs`: the runs that there are.
struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List runs, filter and sort them; show, tag, note or delete one.",
    discussion: """
      Every run has a number that stays with it. A command that takes a run takes its folder, its \
      number, its name in runs/ or the beginning of it, or a tag that it alone has. The list is in \
      bear-lab.sqlite beside the folders of the runs, and is made from these.
      """,
    subcommands: [
      ListRunsCommand.self, ShowRunCommand.self, DeleteRunsCommand.self, TagRunCommand.self,
      NoteRunCommand.self, ReindexRunsCommand.self,
    ], defaultSubcommand: ListRunsCommand.self)
}

/// `bear-lab runs list`, or `bear-lab runs` alone.
struct ListRunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the runs of a folder.",
    discussion: """
      Columns and conditions take a fact (number, name, state, reason, created, started, ended, time, \
      training-seconds, evaluation-seconds, settings-hash, dataset-hash, model-hash, tags, note), a \
      setting (dataset, objective.name or objective for short, objective.lambda, training.epochs, \
      record.threads) or a metric: ndcg@10, hr@5, item_nll are what a run ended with, of a series of \
      seeds their means; behind popularity., zero-shot., fine-tuned. or validation. they are that \
      model's; pr@10 is what a diagnosis found.
      """)

  @Argument(help: "The folder that holds the runs.") var folder = RunReference.defaultRoot
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "What a run must be, such as objective.lambda=0.5 or 'ndcg@10>0.01'; may be given again.",
      valueName: "condition"))
  var conditions: [String] = []
  @Option(name: .customLong("tag"), help: "A tag that a run must have; may be given again.")
  var tags: [String] = []
  @Option(
    name: .customLong("state"),
    help: "running, stopped, finished, failed or lost; may be given again.")
  var states: [String] = []
  @Option(
    parsing: .unconditional, help: "A column, such as ndcg@10; -ndcg@10 for the largest first.")
  var sort: String?
  @Option(help: "The columns, a,b,c.") var columns: String?
  @Option(help: "How many runs are listed at most.") var limit: Int?
  @Flag(help: "Print a JSON array with all that is known of each run.") var json = false
  @Flag(help: "Print comma-separated values as they are.") var csv = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit cannot be \(limit): give at least 1") }
    guard !json || !csv else { throw ValidationError("give --json or --csv, not both") }
  }

  func run() throws {
    let query = try RunQuery(
      conditions: conditions, tags: tags, states: states, sort: sort, limit: limit)
    let all = try RunStore.opened(folder).entries()
    let listing = try RunListing(
      query.select(all), columns: names ?? RunListing.defaultColumns, among: all)
    if all.isEmpty { Console.error("no run is in \(folder)") }
    Console.print(
      try (json ? listing.json : csv ? listing.csv : listing.table)
        .trimmingCharacters(in: .newlines))
  }

  private var names: [String]? {
    columns.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
  }
}

/// `bear-lab runs reindex`.
struct ReindexRunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reindex", abstract: "Make the list of runs again from their folders.",
    discussion: """
      Numbers, tags and notes are in the folders, and stay. A damaged bear-lab.sqlite is replaced. A \
      store.json that cannot be read is left as it is.
      """)

  @Argument(help: "The folder that holds the runs.") var folder = RunReference.defaultRoot

  func run() throws {
    let (root, runs, gone) = try RunStore(folder).reindex()
    RunStore(root).tellProblem()
    Console.print("\(runs) runs, \(gone) gone: \(root)/\(RunStore.fileName)")
  }
}

extension RunStore {
  /// The store of a folder that is there, with a notice where something of it cannot be used.
  static func opened(_ folder: String) throws -> RunStore {
    guard FileManager.default.fileExists(atPath: folder) else {
      throw RunStoreError.noFolder(path: folder)
    }
    let store = RunStore(folder)
    store.tellProblem()
    return store
  }

  /// Says why the database is not used, and which files cannot be read.
  func tellProblem() {
    for file in unreadableFiles { Console.error("note: \(file.description)\n  \(file.remedy)") }
    guard let problem else { return }
    Console.error(
      "note: \(problem); the list is made from the folders, and `bear-lab runs reindex` repairs it")
  }
}
