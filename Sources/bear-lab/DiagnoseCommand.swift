import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab diagnose`: what beam search loses.
struct DiagnoseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Measure what beam search prunes: PR@K, and where and why targets are lost.",
    discussion: """
      The exact rank of each test target by total log-probability is found by best-first search; \
      PR@K is the share of the targets of rank K or better that beam search loses, Prop@K the share \
      of those losses at which a token ranks below the beam width among its siblings. With a run's \
      folder its best checkpoint is asked, and a line for each test row written to diagnosis.jsonl \
      there; without one, the base model is asked.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run: folder, number, name or tag; leave it out for a base model.", valueName: "run"))
  var runFolder: String?
  @OptionGroup var pruning: PruningOptions
  @Option(help: "The file of lines; without it diagnosis.jsonl in the run's folder.")
  var output: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var options: RunOptions

  func validate() throws { try options.refuseSeries() }

  func run() throws {
    let (experiment, folder) = try options.experiment(over: runFolder)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let report = try CommandContext.stoppable {
      try experiment.diagnose(
        run: folder, options: pruning.options, interruption: $0, observer: printer.show)
    }
    if let path = output ?? folder?.diagnosisPath { try report.writeRows(to: path) }
    Console.print(try json ? report.json : report.text.trimmingCharacters(in: .newlines))
  }
}

/// `bear-lab explain`: one title's way through the beams.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show one title's way through a user's beams, and where and why it is pruned.",
    discussion: """
      Of each token: how many the trie allows, its log-probability in nats and its rank among them, \
      the log-probability of the title up to it, and the threshold, which is the lowest one of the \
      candidates that beam search keeps after that step.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run: folder, number, name or tag; leave it out for a base model.", valueName: "run"))
  var runFolder: String?
  @Option(
    help: "A user of test; of several rows the one whose right answer is --item, else the last.")
  var user: Int
  @Option(help: "The item whose title is followed. (default: the right answer)") var item: Int?
  @OptionGroup var pruning: PruningOptions
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var options: RunOptions

  func validate() throws { try options.refuseSeries() }

  func run() throws {
    let (experiment, folder) = try options.experiment(over: runFolder)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let explanation = try experiment.explain(
      user: user, item: item, run: folder, options: pruning.options, observer: printer.show)
    Console.print(
      try json ? explanation.json : explanation.text.trimmingCharacters(in: .newlines))
  }
}

/// What both are told of the searches.
struct PruningOptions: ParsableArguments {
  @Option(help: "Beams. (default: the decoder's width)") var beamWidth: Int?
  @Option(
    help: ArgumentHelp(
      """
      Of the total log-probability: as-decoded, full (over the vocabulary) or masked (over the \
      tokens that the trie allows).
      """, valueName: "softmax"))
  var prSoftmax = "as-decoded"
  @Option(help: "Ranks beyond it are told as more than it: saves time. (default: every rank)")
  var maxRank: Int?

  func validate() throws {
    for (name, value) in [("beam-width", beamWidth), ("max-rank", maxRank)] {
      guard let value, value < 1 else { continue }
      throw ValidationError("--\(name) cannot be \(value): give at least 1")
    }
    guard DiagnosisOptions.softmaxNames.contains(prSoftmax) else {
      throw ValidationError(
        "--pr-softmax cannot be '\(prSoftmax)': give "
          + DiagnosisOptions.softmaxNames.joined(separator: ", "))
    }
  }

  var options: DiagnosisOptions {
    DiagnosisOptions(width: beamWidth, softmax: prSoftmax, rankLimit: maxRank)
  }
}

extension RunOptions {
  /// Loads a run, or a base model without one, under the options given.
  func experiment(over path: String?) throws -> (Experiment, RunFolder?) {
    let folder = try path.map { try RunReference.folder($0) }
    let (assignments, registry) = try resolved(over: folder)
    let description = try RunDescription(assignments, registry: registry)
    return (try Experiment(loading: description, registry: registry), folder)
  }
}
