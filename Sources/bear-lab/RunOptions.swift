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
  @OptionGroup var experiment: ExperimentOptions
  @Option(
    help: """
      A sequential recommender: without --backbone it is what is trained and measured, with one \
      it is what the backbone builds on.
      """)
  var recommender: String?
  @Option(help: "How items are searched.") var decoder: String?
  @Option(help: "What draws the negatives of an objective that compares answers.")
  var sampler: String?
  @Option(
    help: """
      A run (folder, number, name or tag) whose best weights training begins with; a preference \
      objective's reference has them too.
      """)
  var initFrom: String?
  @Option(help: "Passes over the training samples.") var epochs: String?
  @Option(help: "Training windows.") var trainSamples: String?
  @Option(help: "Rows of validation and of test.") var evalUsers: String?
  @Option(help: "Samples of an optimiser step.") var batchSize: String?
  @Option(help: "Samples computed at once: less memory, the same result.")
  var microBatch: String?
  @Option(help: "The peak of the schedule.") var learningRate: String?
  @Option(help: "Of LoRA's start, sample order and dropout.") var seed: String?
  @Option(help: "Several seeds, 1,2,3: a run each, and their mean and spread.")
  var seeds: String?

  func validate() throws {
    guard seed == nil || seeds == nil else {
      throw ValidationError("give --seed for one run or --seeds for several, not both")
    }
  }

  /// The settings in the order in which later ones win.
  ///
  /// - Parameter composed: those before them all; a session's where none are given.
  /// - Returns: what was given, in order.
  /// - Throws: ``RunDescriptionError`` for a file or a `--set` that cannot be read.
  func assignments(
    over composed: [RunDescription.Assignment] = CommandContext.current.composed
  ) throws -> [RunDescription.Assignment] {
    try composed
      + experiment.assignments(
        choosing: [
          ("recommender", recommender), ("protocol", evaluationProtocol), ("decoder", decoder),
          ("sampler", sampler),
        ],
        setting: [
          ("", "init-from", initFrom), ("", "seed", seed),
          // A single seed takes the place of a series that a file asks for.
          ("", "seeds", seeds ?? seed.map { _ in "" }), ("training", "epochs", epochs),
          ("training", "samples", trainSamples), ("training", "batch-size", batchSize),
          ("training", "micro-batch", microBatch), ("training", "learning-rate", learningRate),
          ("evaluation", "users", evalUsers),
        ])
  }
}
