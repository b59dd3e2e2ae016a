import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab reproduce`: a table or figure of the paper, beside ours.
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Make a table or figure of the paper again, and print its numbers beside ours.",
    discussion: """
      Every run that the table needs has a folder of its own in the output folder. Runs that have \
      ended there are used as they are, others continue: the same command goes on where it was \
      stopped, and targets share what they have in common. Scale and settings are those of \
      `bear-lab run`; --protocol official asks for the paper's scale. --dry-run lists the runs and \
      what each would be called with.
      """)

  @Argument(help: "table2 … table5, or figure3 … figure9.") var target: ReproductionTarget
  @Option(help: "Data sets, a,b, names or folders. (default: the paper's)") var dataset: [String] =
    []
  @Option(help: "A model's name or file; for table4 one a size, a,b.") var model: [String] = []
  @Option(help: "The methods that are wanted, MSL,BEAR. (default: all)") var methods: [String] = []
  @Option(help: "Seeds, 1,2,3: a run each, and their mean and spread.") var seeds = "42"
  @Option(
    name: .customLong("protocol"),
    help: "Defaults without quirks (consistent), or of the published numbers (official).")
  var evaluationProtocol: String?
  @Option(help: "Passes over the training samples.") var epochs: String?
  @Option(help: "Training windows.") var trainSamples: String?
  @Option(help: "Rows of validation and of test.") var evalUsers: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of weights and products: f32, bf16, or auto, the fastest there is.")
  var precision: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      """
      Any setting, such as training.batch-size=16, or of one method alone, such as \
      MSL:objective.tau=4.5; may be given again.
      """, valueName: "[method:]kind.parameter=value"))
  var settings: [String] = []
  @OptionGroup var plugins: PluginOptions
  @Option(help: "The folder of the runs and of the report.") var output = "runs/reproduce"
  @Flag(help: "List the runs, how far each is and its command, and stop.") var dryRun = false

  func run() throws {
    let registry = try plugins.registry()
    let plan = try ReproductionPlan(target, request(), registry: registry)
    if dryRun { return Self.show(plan) }
    try ComputeOptions.apply(threads: plan.runs[0].description.general["threads"])
    let reproduction = Reproduction(plan, registry: registry, resources: .current) {
      // Ranks beyond the last cutoff take most of the time, and are in no table.
      let report = try $0.diagnose(run: $1, options: .init(rankLimit: 10), observer: $2)
      try report.writeRows(to: $1.diagnosisPath)
      return report.shares
    }
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let registrar = RunRegistrar(collection: output, show: printer.show)
    let report = try CommandContext.stoppable {
      try reproduction.run(interruption: $0, observer: registrar.observe)
    }
    Console.print(report.trimmingCharacters(in: .newlines))
    Console.error("runs and report: \(output)")
  }

  private func request() throws -> ReproductionRequest {
    var request = ReproductionRequest(
      datasets: Self.words(dataset).map(Self.absolute),
      models: Self.words(model).map(Self.absolute),
      seeds: try RunDescription.seeds(of: seeds), methods: Self.words(methods),
      output: URL(filePath: output).standardizedFileURL.path)
    let named = [
      ("protocol", evaluationProtocol), ("threads", threads), ("precision", precision),
    ]
    for (name, value) in named {
      if let value { try request.add(parsing: "\(name)=\(value)") }
    }
    let paths = plugins.paths
    if !paths.isEmpty { try request.add(parsing: "plugins=\(paths.joined(separator: ","))") }
    for setting in settings { try request.add(parsing: setting) }
    let scale = [
      ("training.epochs", epochs), ("training.samples", trainSamples),
      ("evaluation.users", evalUsers),
    ]
    for (name, value) in scale {
      if let value { try request.add(parsing: "\(name)=\(value)") }
    }
    request.settings = try request.settings.map(ExperimentOptions.withAbsolutePath)
    request.own = try request.own.map { ($0, try ExperimentOptions.withAbsolutePath($1)) }
    return request
  }

  private static func words(_ lists: [String]) -> [String] {
    lists.flatMap { $0.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// A path is the same one wherever a run is continued from.
  private static func absolute(_ name: String) -> String {
    FileManager.default.fileExists(atPath: name)
      ? URL(filePath: name).standardizedFileURL.path : name
  }

  /// Prints a line a run, and its command below it.
  private static func show(_ plan: ReproductionPlan) {
    for run in plan.runs {
      Console.print("\(run.state.rawValue): \(run.method), \(run.name)")
      Console.print("  " + ShellCommand.text(["bear-lab"] + run.command))
    }
  }
}

extension ReproductionTarget: ExpressibleByArgument {}
