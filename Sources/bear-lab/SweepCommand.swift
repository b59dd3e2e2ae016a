import ArgumentParser
import BearLabCore
import BearLabFigures
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab sweep`: many settings, chosen among on validation.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Try many settings, and choose among them on validation.",
    discussion: """
      Measures every combination of the values of --grid, or with --random N points drawn from \
      --range and --grid. Every point has a run of its own in the output folder, which measures \
      validation alone: test is not looked at. The same command goes on where it was stopped, and \
      uses runs that have ended. All options of `bear-lab run` hold for every point.

      At the end there are a table, the sensitivity to each parameter, and the command that measures \
      the best point on test, which --final calls; they are in sweep.md, sweep.csv and sweep.json \
      as well.
      """)

  @Option(
    help: ArgumentHelp(
      "A setting and its values; may be given again.", valueName: "kind.parameter=a,b,c"))
  var grid: [String] = []
  @Option(
    help: ArgumentHelp(
      "A setting and the range that --random draws it from; :log draws its logarithm evenly.",
      valueName: "kind.parameter=a..b[:log]"))
  var range: [String] = []
  @Option(help: "Draw so many points instead of trying all.") var random: Int?
  @Option(help: "Of what is drawn.") var randomSeed: UInt64 = 42
  @Flag(help: "Begin with few training samples, and go on to more with the best alone.")
  var halving = false
  @Option(help: "One in so many goes on, to so many times the samples.") var halvingFactor = 3
  @Option(
    help: """
      Training samples that halving begins with. (default: those of the run, divided by the factor \
      twice)
      """)
  var halvingStart: Int?
  @Option(
    help: """
      What chooses: ndcg@K, hr@K with K of 1, 5 or 10, item_nll, or one of evaluation.metrics.
      """)
  var select = "ndcg@10"
  @Flag(help: "Measure the chosen point on test as well, in a run of its own.") var final = false
  @Option(help: "The folder of the runs and of the report.") var output = "runs/sweep"
  @Flag(help: "List the runs, how far each is and its command, and stop.") var dryRun = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let settings = try options.assignments()
    let registry = try PluginRegistry.named(by: settings)
    let request = try request(settings, registry: registry)
    let plan = try SweepPlan(request, registry: registry)
    if dryRun { return Self.show(plan) }
    try ComputeOptions.apply(threads: plan.firstRuns[0].description.general["threads"])
    let sweep = Sweep(plan, registry: registry, resources: .current)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let registrar = RunRegistrar(collection: output, show: printer.show)
    let report = try CommandContext.stoppable {
      try sweep.run(final: final, interruption: $0, observer: registrar.observe)
    }
    Console.print(report.trimmingCharacters(in: .newlines))
    draw()
    Console.error("runs and report: \(output)")
  }

  /// Draws the figure against the settings; a sweep without a picture is a sweep all the same.
  private func draw() {
    let path = "\(output)/sensitivity.svg"
    do {
      let table = try SweepTable(csv: "\(output)/sweep.csv", metric: select)
      try Gnuplot().write(
        SensitivityFigure(table, metric: select, parameter: nil).figure, to: path)
      Console.error("figure: \(path)")
    } catch {
      let reason = (error as? any BearLabError)?.description ?? "\(error)"
      Console.error("note: there is no \(path): \(reason)")
    }
  }

  private func request(
    _ settings: [RunDescription.Assignment], registry: PluginRegistry
  ) throws -> SweepRequest {
    let axes = try grid.map { try SweepAxis(list: $0) } + range.map { try SweepAxis(range: $0) }
    var request = SweepRequest(
      axes: try axes.map { try $0.mapping(ExperimentOptions.withAbsolutePath) },
      settings: settings, output: URL(filePath: output).standardizedFileURL.path)
    request.randomPoints = random
    request.searchSeed = randomSeed
    if halving { request.halving = .init(factor: halvingFactor, start: halvingStart) }
    request.select = try ComparisonMetric(parsing: select, registry: registry)
    return request
  }

  /// Prints a line a run of the first round, and its command below it.
  private static func show(_ plan: SweepPlan) {
    for run in plan.firstRuns {
      Console.print("\(run.state.rawValue): \(run.name)")
      Console.print("  " + ShellCommand.text(["bear-lab"] + run.command))
    }
    if plan.roundCount > 1 {
      Console.print(
        "then the best of them with more samples, in \(plan.roundCount - 1) rounds at most")
    }
  }
}
