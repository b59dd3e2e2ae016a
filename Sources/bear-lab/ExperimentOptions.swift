import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// What every command that computes can be told: what it works on, and any setting.
struct ExperimentOptions: ParsableArguments {
  @Option(help: "A data set's name or folder.") var dataset: String?
  @Option(help: "A model's name, GGUF file or folder.") var model: String?
  @Option(
    help: "A folder of LoRA weights, as PEFT saves them: the model has them, training begins so.")
  var adapter: String?
  @Option(help: "How a history becomes a prompt.") var backbone: String?
  @Option(help: "What fine-tuning minimises.") var objective: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of weights and products: f32, bf16, or auto, the fastest there is.")
  var precision: String?
  @Option(help: "The most memory to take, such as 4G; 0 for all that there is.")
  var memoryLimit: String?
  @Option(
    name: .customLong("config"), help: "A YAML file of settings, such as a run's run.yaml.")
  var config: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any setting, such as objective.lambda=0.5; may be given again.",
      valueName: "kind.parameter=value"))
  var settings: [String] = []
  @OptionGroup var plugins: PluginOptions

  /// The settings in the order in which later ones win.
  ///
  /// The file, the protocol and the plug-ins, `--set`, the other options: a plug-in's choice drops
  /// the parameters that the file gave to another one.
  ///
  /// - Parameters:
  ///   - choices: a command's own options that name a protocol or a plug-in.
  ///   - values: a command's other options, by section and name.
  /// - Returns: what was given, in order.
  /// - Throws: ``RunDescriptionError`` for a file or a `--set` that cannot be read.
  func assignments(
    choosing choices: [(String, String?)], setting values: [(String, String, String?)]
  ) throws -> [RunDescription.Assignment] {
    let file = try config.map { try RunDescription.assignments(yamlFile: $0) } ?? []
    // The backbone first: what is said of a language model after "none" is refused.
    let chosen = [("backbone", backbone)] + choices + [("objective", objective)]
    let named = [
      ("", "dataset", dataset), ("", "model", model), ("", "adapter", adapter),
      ("", "threads", threads), ("", "precision", precision), ("", "memory-limit", memoryLimit),
    ]
    func given(_ values: [(String, String, String?)]) -> [RunDescription.Assignment] {
      values.compactMap { section, name, text in
        text.map { RunDescription.Assignment(section: section, name: name, text: $0) }
      }
    }
    let assignments = try
      (file + given(chosen.map { ("", $0, $1) })
      + (try settings.map { try RunDescription.Assignment(parsing: $0) }) + given(named + values))
      .map(Self.withAbsolutePath)
    let paths = plugins.paths
    guard !paths.isEmpty else { return assignments }
    let all = RunDescription.pluginPaths(RunDescription.pluginPaths(assignments), and: paths)
    return assignments + [RunDescription.plugins(all)]
  }

  /// Settings whose value may be a path.
  private static let pathSettings = [
    "dataset", "model", "adapter", "init-from", "backbone.recommender", "recommender.teacher",
    "recommender.bank",
  ]

  /// What is given by a path, such as a data set, is the same one wherever the run is continued
  /// from.
  ///
  /// - Throws: ``RunStoreError`` where `init-from` names no run.
  static func withAbsolutePath(
    _ assignment: RunDescription.Assignment
  ) throws -> RunDescription.Assignment {
    let (section, name, setting) = (assignment.section, assignment.name, assignment.path)
    if setting == RunDescription.plugins([]).path {
      return RunDescription.plugins(
        RunDescription.pluginPaths([assignment]).map { URL(filePath: $0).standardizedFileURL.path })
    }
    guard pathSettings.contains(setting) else { return assignment }
    let path =
      setting == "init-from" ? try RunReference.path(of: assignment.text) : assignment.text
    let isRelative = !path.hasPrefix("/") && FileManager.default.fileExists(atPath: path)
    return RunDescription.Assignment(
      section: section, name: name,
      text: isRelative ? URL(filePath: path).standardizedFileURL.path : path)
  }
}

extension Experiment {
  /// Brings a description to life on the threads and with the files that it and the environment name.
  init(loading description: RunDescription, registry: PluginRegistry) throws {
    try ComputeOptions.apply(threads: description.general["threads"])
    try self.init(description, registry: registry, resources: .current)
  }
}

extension RunDescription {
  /// Brings the description to life as ``Experiment/init(loading:registry:)`` does, with or without a
  /// language model.
  func loaded(registry: PluginRegistry) throws -> any RunnableExperiment {
    try ComputeOptions.apply(threads: general["threads"])
    return try prepared(registry: registry, resources: .current)
  }
}
