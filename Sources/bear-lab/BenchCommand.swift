import ArgumentParser
import BearLabCore
import BearLabRun

/// `bear-lab bench`: time training or decoding.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time training steps or searches.",
    subcommands: [BenchTrainCommand.self, BenchDecodeCommand.self])
}

/// What both kinds of work can be told.
struct BenchOptions: ParsableArguments {
  @Option(help: "A data set's name or folder.") var dataset: String?
  @Option(help: "A model's name or GGUF file.") var model: String?
  @Option(help: "How a history becomes a prompt.") var backbone: String?
  @Option(help: "What fine-tuning minimises; it says where the constraint comes.")
  var objective: String?
  @Option(help: "Of matrix products: auto or f32. (default: auto)") var precision: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(
    name: .customLong("config"), help: "A YAML file of settings, such as a run's run.yaml.")
  var config: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any setting, such as objective.lambda=0.5; may be given again.",
      valueName: "kind.parameter=value"))
  var settings: [String] = []
  @Flag(help: "Print one JSON object.") var json = false

  /// Loads what is timed.
  ///
  /// - Parameters:
  ///   - own: options of `run` that one kind of work has besides, by name.
  ///   - parameters: values of `Bench.parameters`, by name.
  /// - Returns: a bench that is ready to run.
  /// - Throws: what is wrong with the settings, the data set or the model.
  func bench(own: [(String, String?)], parameters: [(String, String?)]) throws -> Bench {
    let values = try benchValues(parameters + [("precision", precision)])
    let named = [
      ("config", config), ("dataset", dataset), ("model", model), ("backbone", backbone),
      ("objective", objective), ("threads", threads),
    ]
    // They are read as those of `run`, whose order decides which of them win.
    let arguments =
      settings.map { "--set=\($0)" }
      + (named + own).compactMap { name, value in value.map { "--\(name)=\($0)" } }
    let registry = try PluginRegistry.builtin()
    let description = try RunDescription(
      RunOptions.parse(arguments).assignments(), registry: registry)
    try ComputeOptions.apply(threads: description.general["threads"])
    let experiment = try Experiment(description, registry: registry, resources: .current)
    return Bench(experiment, settings: values)
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
      own: [("batch-size", batchSize), ("seed", seed)], parameters: [("steps", steps)])
    try options.show(bench.train())
  }
}

/// `bear-lab bench decode`.
struct BenchDecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Time searches with the base model: from the prompts' tokens to the ranked lists.",
    discussion: """
      The first test rows are timed in their order, after one batch that is not. Seconds and \
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
    let size = batchSize.map { "evaluation.batch-size=\($0)" }
    let bench = try options.bench(
      own: [("decoder", decoder), ("set", size)], parameters: [("users", users)])
    try options.show(bench.decode())
  }
}
