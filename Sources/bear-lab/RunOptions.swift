import ArgumentParser
import BearLabCore
import BearLabRun
import Foundation

/// The options that describe a run; each is a name for a setting of `run.yaml`.
struct RunOptions: ParsableArguments {
  @Option(
    name: .customLong("protocol"),
    help: "Defaults without quirks (consistent), or of the published numbers (official).")
  var evaluationProtocol: String?
  @Option(help: "A data set's name or folder.") var dataset: String?
  @Option(help: "A model's name or GGUF file.") var model: String?
  @Option(help: "How a history becomes a prompt.") var backbone: String?
  @Option(help: "What fine-tuning minimises.") var objective: String?
  @Option(help: "How items are searched.") var decoder: String?
  @Option(help: "Passes over the training samples.") var epochs: String?
  @Option(help: "Training windows.") var trainSamples: String?
  @Option(help: "Rows of validation and of test.") var evalUsers: String?
  @Option(help: "Samples of an optimiser step.") var batchSize: String?
  @Option(help: "Samples computed at once: less memory, the same result.")
  var microBatch: String?
  @Option(help: "The peak of the schedule.") var learningRate: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of LoRA's start, sample order and dropout.") var seed: String?
  @Option(help: "Several seeds, 1,2,3: a run each, and their mean and spread.")
  var seeds: String?
  @Option(
    name: .customLong("config"), help: "A YAML file of settings, such as a run's run.yaml.")
  var config: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any setting, such as objective.lambda=0.5; may be given again.",
      valueName: "kind.parameter=value"))
  var settings: [String] = []

  func validate() throws {
    guard seed == nil || seeds == nil else {
      throw ValidationError("give --seed for one run or --seeds for several, not both")
    }
  }

  /// The settings in the order in which later ones win.
  ///
  /// The file, the plug-ins, `--set`, the other options: a plug-in's choice drops the parameters
  /// that the file gave to another one.
  func assignments() throws -> [RunDescription.Assignment] {
    var assignments: [RunDescription.Assignment] = []
    if let config {
      assignments += try RunDescription.assignments(yamlFile: config)
    }
    func add(_ section: String, _ name: String, _ text: String?) {
      guard let text else { return }
      assignments.append(RunDescription.Assignment(section: section, name: name, text: text))
    }
    add("", "protocol", evaluationProtocol)
    add("", "backbone", backbone)
    add("", "objective", objective)
    add("", "decoder", decoder)
    assignments += try settings.map { try RunDescription.Assignment(parsing: $0) }
    add("", "dataset", dataset)
    add("", "model", model)
    add("", "threads", threads)
    add("", "seed", seed)
    // A single seed takes the place of a series that a file asks for.
    add("", "seeds", seeds ?? seed.map { _ in "" })
    add("training", "epochs", epochs)
    add("training", "samples", trainSamples)
    add("training", "batch-size", batchSize)
    add("training", "micro-batch", microBatch)
    add("training", "learning-rate", learningRate)
    add("evaluation", "users", evalUsers)
    return assignments.map(Self.withAbsolutePath)
  }

  /// A data set or model given by a path is the same one wherever the run is continued from.
  private static func withAbsolutePath(
    _ assignment: RunDescription.Assignment
  ) -> RunDescription.Assignment {
    guard assignment.section.isEmpty, ["dataset", "model"].contains(assignment.name),
      !assignment.text.hasPrefix("/"), FileManager.default.fileExists(atPath: assignment.text)
    else { return assignment }
    return RunDescription.Assignment(
      section: "", name: assignment.name,
      text: URL(filePath: assignment.text).standardizedFileURL.path)
  }
}
