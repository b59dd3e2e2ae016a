import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab compare`: runs on the same test rows, compared row by row.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare runs row by row: differences, intervals and p-values.",
    discussion: """
      Reads the rows that each run left for its test users, joins them, and prints for each metric \
      the means, the differences to the baseline with their paired bootstrap interval, and the \
      p-values of bootstrap, t-test and Wilcoxon's test, alone and corrected by Holm. Targets seen \
      and unseen in training have tables of their own. Runs on other users, data or matching are \
      refused. The folder of a series of seeds counts as one method, with its mean over the seeds.
      """)

  @Argument(
    help: ArgumentHelp(
      """
      Folders of runs or of series of seeds; RUN:zero-shot, RUN:popularity and the like name other \
      rows than those of what the run trained.
      """, valueName: "run"))
  var runs: [String]
  @Option(help: "The run that the others are compared with. (default: the first)")
  var baseline: String?
  @Option(
    help: ArgumentHelp(
      """
      ndcg@K, hr@K, item_nll and others of `bear-lab list metrics`, separated by commas. (default: \
      ndcg@10,hr@10,item_nll)
      """, valueName: "metrics"))
  var metric: String?
  @Option(help: "The rows of the runs that do not name theirs, such as zero-shot or popularity.")
  var model: String?
  @Flag(help: "Compare every two runs.") var pairs = false
  @Option(help: "Resamples of the bootstrap.") var resamples = 10_000
  @Option(help: "Of the intervals.") var confidence = 0.95
  @Option(help: "Of the bootstrap.") var seed: UInt64 = 42
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print comma-separated values, a line a comparison.") var csv = false

  /// A run by its path; what it may name of its rows stays behind the colon.
  private static func resolved(_ text: String) throws -> String {
    guard !FileManager.default.fileExists(atPath: text) else { return text }
    let (run, rows) = parts(text)
    return try RunReference.path(of: run) + rows
  }

  /// What names a run, and of which of its rows, with the colon.
  private static func parts(_ text: String) -> (run: String, rows: Substring) {
    let isFolder = FileManager.default.fileExists(atPath: text)
    let colon = (isFolder ? nil : text.lastIndex(of: ":")) ?? text.endIndex
    return (String(text[..<colon]), text[colon...])
  }

  /// Whether two runs, by their paths, are the same rows of one folder.
  private static func isSame(_ first: String, _ second: String) -> Bool {
    let (one, other) = (parts(first), parts(second))
    return one.rows == other.rows && RunReference.isSame(one.run, other.run)
  }

  /// The runs by their paths, each once.
  private func paths() throws -> [String] {
    let paths = try runs.map(Self.resolved)
    for (place, path) in paths.enumerated()
    where paths[..<place].contains(where: { Self.isSame($0, path) }) {
      throw ComparisonError.givenTwice(path)
    }
    return paths
  }

  private var metricNames: [String]? {
    metric?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if let metric, metricNames?.isEmpty == true {
      throw ValidationError(
        "--metric '\(metric)' names no metric: give some, separated by commas, such as ndcg@10,hr@5"
      )
    }
  }

  func run() throws {
    var request = RunComparison.Request(runs: try paths())
    if let baseline {
      let path = try Self.resolved(baseline)
      request.baseline = request.runs.first { Self.isSame($0, path) } ?? path
    }
    if let metricNames {
      let registry = try plugins.registry()
      request.metrics = try metricNames.map {
        try ComparisonMetric(parsing: $0, registry: registry)
      }
    }
    request.rows = model
    request.isAllPairs = pairs
    (request.resamples, request.confidence, request.seed) = (resamples, confidence, seed)
    let comparison = try RunComparison(request)
    if json || csv { comparison.notes.forEach { Console.error("note: \($0)") } }
    let text = try json ? comparison.json : csv ? comparison.csv : comparison.text
    Console.print(text.trimmingCharacters(in: .newlines))
  }
}
