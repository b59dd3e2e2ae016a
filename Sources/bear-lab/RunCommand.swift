import ArgumentParser
import BearLabCore
import BearLabData
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab run`: fine-tune and measure.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure zero-shot, fine-tune, measure again, and print a table.",
    discussion: """
      With --recommender and no --backbone there is no language model: the recommender is trained \
      and measured. \
      Everything that decides the result is written to run.yaml in the output folder; \
      --config with that file repeats the run. --dry-run shows every setting with its default, \
      `bear-lab describe section training` (lora, evaluation, general) what each accepts. \
      Ctrl-C stops after a checkpoint, and `bear-lab resume` continues.
      """)

  @OptionGroup var options: RunOptions
  @Option(help: "The run's folder; it must not exist, or be empty. (default: runs/…)") var output:
    String?
  @Flag(help: "Print the full description and the memory it will take, and stop.")
  var dryRun = false

  func run() throws {
    let assignments = try options.assignments()
    let registry = try PluginRegistry.named(by: assignments)
    let description = try RunDescription(assignments, registry: registry)
    if dryRun {
      return try Self.show(description, registry: registry)
    }
    try ComputeOptions.apply(threads: description.general["threads"])
    let path = output ?? Self.defaultOutput(description)
    try RunFolder.requireFree(path)
    if try !description.seeds.isEmpty {
      return try Self.executeSeries(description, in: path, registry: registry)
    }
    // The folder is made last, so that a mistake in the settings or the data leaves none behind.
    let experiment = try description.prepared(registry: registry, resources: .current)
    try Self.execute(experiment, in: RunFolder(creating: path))
  }

  /// Prints the description and, as comments below it, the memory that the run will take.
  private static func show(_ description: RunDescription, registry: PluginRegistry) throws {
    Console.print(try description.yaml().trimmingCharacters(in: .newlines))
    let plan: String
    do {
      try ComputeOptions.apply(threads: description.general["threads"])
      plan = try RunPlan(description, registry: registry, resources: .current).text
    } catch let error as any BearLabError {
      plan = "no memory is predicted: \(error.description)\n  \(error.remedy)"
    }
    for line in plan.split(separator: "\n") { Console.print("# \(line)") }
  }

  /// Runs, or continues, and prints the table.
  static func execute(_ experiment: any RunnableExperiment, in folder: RunFolder) throws {
    try stoppable(folder.path) { interruption, observer in
      try experiment.run(in: folder, interruption: interruption, observer: observer).text
    }
  }

  /// Runs every seed of a description, or continues, and prints their table.
  static func executeSeries(
    _ description: RunDescription, in path: String, registry: PluginRegistry
  ) throws {
    let series = try SeedSeries(
      description, in: path, registry: registry, resources: .current)
    try stoppable(path, series.run)
  }

  /// Does the work and prints its report; a signal stops it after a checkpoint.
  private static func stoppable(
    _ path: String, _ work: (Interruption, @escaping (RunEvent) -> Void) throws -> String
  ) throws {
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    CommandContext.current.currentRun = path
    let registrar = RunRegistrar(show: printer.show)
    let report = try CommandContext.stoppable { try work($0, registrar.observe) }
    Console.print(report.trimmingCharacters(in: .newlines))
    Console.error("run folder: \(path)")
  }

  /// `runs/<dataset>-<backbone>-<objective>-<time>`, in the working folder; without a language model
  /// `runs/<dataset>-<recommender>-<time>`.
  private static func defaultOutput(_ description: RunDescription) -> String {
    let dataset =
      SyntheticSource.isName(description.dataset)
      ? "synthetic" : description.dataset.split(separator: "/").last.map(String.init) ?? "dataset"
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyyMMdd-HHmmss"
    let method =
      description.hasModel
      ? "\(description.backbone.name)-\(description.objective.name)"
      : description.recommender?.name ?? "recommender"
    return "runs/\(dataset)-\(method)-"
      + format.string(from: Date())
  }
}
