import ArgumentParser
import BearLabCore
import BearLabRun

/// `bear-lab bench`: time training or decoding.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time training steps, searches, and how they grow.",
    subcommands: [
      BenchTrainCommand.self, BenchDecodeCommand.self, BenchShapeCommand.self,
      BenchGemmCommand.self, BenchScalingCommand.self, BenchObjectivesCommand.self,
      BenchAllCommand.self,
    ])
}

/// What both kinds of work can be told.
struct BenchOptions: ParsableArguments {
  @OptionGroup var experiment: ExperimentOptions
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Say where the time went, by operation.") var profile = false

  /// Loads what is timed.
  ///
  /// - Parameters:
  ///   - assignments: what one kind of work is told of a run.
  ///   - parameters: values of `Bench.parameters`, by name.
  /// - Returns: a bench that is ready to run.
  /// - Throws: what is wrong with the settings, the data set or the model.
  func bench(
    _ assignments: [RunDescription.Assignment], parameters: [(String, String?)]
  ) throws -> Bench {
    let values = try benchValues(parameters)
    let registry = try PluginRegistry.named(by: assignments)
    let description = try RunDescription(assignments, registry: registry)
    var bench = Bench(
      try Experiment(loading: description, registry: registry), settings: values)
    bench.profiles = profile
    return bench
  }

  private func benchValues(_ texts: [(String, String?)]) throws -> ParameterValues {
    var values: [String: ParameterValue] = [:]
    for (name, text) in texts {
      guard let text, let parameter = Bench.parameters.first(where: { $0.name == name }) else {
        continue
      }
      values[name] = try parameter.parse(text)
    }
    return try ParameterValues(values, for: Bench.parameters, owner: "bench")
  }

  func show(_ report: BenchReport) throws {
    Console.print(json ? try report.json() : report.text)
  }
}

/// `bear-lab bench train`.
struct BenchTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Time optimiser steps with fresh LoRA weights: forward, backward, update.",
    discussion: """
      The first training rows are timed in their order, after one step that is not. Seconds and \
      rates are medians over the steps. Tokens are those of a row's prompt and right answer, each \
      row counted whole, although prefixes that rows share are computed once; computed tokens are \
      those that were. Making prompts and their tokens is not timed. The peak of memory is the \
      process's and includes loading.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: "Rows of an optimiser step. (default: 8)") var batchSize: String?
  @Option(help: "Optimiser steps that are timed. (default: 8)") var steps: String?
  @Option(help: "Of LoRA's start and dropout.") var seed: String?

  func run() throws {
    let bench = try options.bench(
      options.experiment.assignments(
        choosing: [], setting: [("training", "batch-size", batchSize), ("", "seed", seed)]),
      parameters: [("steps", steps)])
    try options.show(bench.train())
  }
}

/// `bear-lab bench decode`.
struct BenchDecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Time searches with the base model: from the prompts' tokens to the ranked lists.",
    discussion: """
      The first test rows are timed in their order, after one batch that is not, under the \
      constraint that the objective declares. Seconds and \
      rates are medians over the batches. Tokens are those of a row's prompt and right answer, \
      each row counted whole; computed tokens are those that were run through the transformer, \
      shared prefixes once and the beams included. Making prompts and their tokens is not timed. \
      The peak of memory is the process's and includes loading.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: "How items are searched.") var decoder: String?
  @Option(help: "Users searched side by side. (default: 16)") var batchSize: String?
  @Option(help: "Users that are timed. (default: 32)") var users: String?

  func run() throws {
    let bench = try options.bench(
      options.experiment.assignments(
        choosing: [("decoder", decoder)], setting: [("evaluation", "batch-size", batchSize)]),
      parameters: [("users", users)])
    try options.show(bench.decode())
  }
}
