internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import BearLabTraining
internal import Foundation

/// What happens in a run, for whoever shows it.
public enum RunEvent: Sendable {
  case notice(String)
  /// A stage of `total` units of work begins.
  case began(stage: String, total: Int, unit: String)
  /// `done` of the stage's units are done; `detail` is the loss and the like.
  case progress(done: Int, detail: String)
  case measured(name: String, row: ReportTable.Row)
}

/// Walks a run from its description to its table.
public struct Runner {
  private let experiment: Experiment
  private let folder: RunFolder
  private let observer: (RunEvent) -> Void
  private let metrics: JSONLines
  private let timing: JSONLines
  private let clock = ContinuousClock()

  /// Prepares a run in an empty folder and writes its `run.yaml`.
  public init(
    _ experiment: Experiment, in folder: RunFolder, observer: @escaping (RunEvent) -> Void
  ) throws {
    self.experiment = experiment
    self.folder = folder
    self.observer = observer
    metrics = try folder.openLines("metrics.jsonl")
    timing = try folder.openLines("timing.jsonl")
    try folder.write(
      experiment.description.yaml(record: Self.record(experiment)), to: folder.descriptionPath)
  }

  /// What was found when the run began.
  private static func record(_ experiment: Experiment) -> [(name: String, value: String)] {
    [
      ("bear-lab", BearLab.version), ("instruction-set", Compute.instructionSet),
      ("threads", "\(Compute.threads)"), ("precision", "f32"), ("protocol", "consistent"),
      ("model-sha256", experiment.loaded.hash),
    ]
      + experiment.dataset.fileHashes.sorted { $0.key < $1.key }.map {
        ("\($0.key)-sha256", $0.value)
      }
  }

  /// Measures zero-shot and popularity, fine-tunes, and measures the best checkpoint.
  ///
  /// - Returns: the table that the run ends with.
  public func run() throws -> ReportTable {
    experiment.notices.forEach { observer(.notice($0)) }
    let evaluator = try experiment.evaluator()
    let test = try experiment.testWindows
    var rows: [ReportTable.Row] = []
    rows.append(
      try report("popularity", stage: "popularity", experiment.evaluate(recommender: "popularity")))
    rows.append(
      try report(
        "zero-shot", stage: "zero-shot",
        evaluate(test, evaluator, adapter: nil, name: "zero-shot on test")))

    let trainer = try experiment.makeTrainer()
    try train(trainer, evaluator: evaluator)
    if trainer.settings.epochs > 0 {
      try TrainingCheckpoint.read(
        into: trainer.adapter, from: folder.checkpointPath(epoch: folder.bestEpoch()))
      let tuned = try evaluate(
        test, evaluator, adapter: trainer.adapter, name: "fine-tuned on test")
      rows.append(
        try report(experiment.description.objective.name, stage: "fine-tuned", tuned))
      let longest = tuned.rows.map(\.ranked.count).max() ?? 0
      let width: Int? = try? experiment.description.decoder.values["width"]
      try folder.write(
        Predictions.json(tuned, dataset: experiment.dataset, length: width ?? longest),
        to: folder.predictionsPath)
    }
    let table = ReportTable(
      rows: rows, rowsEvaluated: test.count, titleCount: experiment.trie.titleCount)
    try folder.write(table.text, to: folder.reportPath)
    return table
  }

  /// Trains all epochs, with a checkpoint and a look at validation after each.
  private func train(_ trainer: Trainer, evaluator: Evaluator) throws {
    let windows = try experiment.trainingWindows
    let samples = try windows.map(experiment.sample)
    let validation = try experiment.validationWindows
    for epoch in stride(from: 1, through: trainer.settings.epochs, by: 1) {
      observer(
        .began(
          stage: "epoch \(epoch) of \(trainer.settings.epochs)", total: samples.count,
          unit: "samples"))
      try trainer.beginEpoch(epoch - 1)
      var done = 0
      for batch in trainer.batches(sampleCount: samples.count, epoch: epoch - 1) {
        let began = clock.now
        let report = try trainer.step(batch.map { samples[$0] })
        done += report.samples
        try log(report, epoch: epoch, seconds: (clock.now - began).seconds)
        observer(.progress(done: done, detail: String(format: "loss %.4f", report.loss)))
      }
      try TrainingCheckpoint.write(
        trainer, epoch: epoch, to: folder.checkpointPath(epoch: epoch))
      let evaluation = try evaluate(
        validation, evaluator, adapter: trainer.adapter, name: "epoch \(epoch) on validation")
      try log(evaluation, name: "epoch-\(epoch)", split: "validation")
    }
  }

  private func evaluate(
    _ windows: [Window], _ evaluator: Evaluator, adapter: LoRAAdapter?, name: String
  ) throws -> Evaluation {
    observer(.began(stage: name, total: windows.count, unit: "users"))
    let began = clock.now
    let evaluation = try evaluator.evaluate(windows, adapter: adapter) {
      observer(.progress(done: $0, detail: ""))
    }
    try timing.append([
      "event": "evaluation", "name": .text(name), "users": .integer(windows.count),
      "seconds": .real((clock.now - began).seconds),
    ])
    return evaluation
  }

  private func report(
    _ name: String, stage: String, _ evaluation: Evaluation
  ) throws -> ReportTable.Row {
    let row = ReportTable.Row(name, try log(evaluation, name: stage, split: "test"))
    observer(.measured(name: name, row: row))
    return row
  }

  private func log(_ report: StepReport, epoch: Int, seconds: Double) throws {
    try metrics.append([
      "event": "step", "step": .integer(report.step), "epoch": .integer(epoch),
      "loss": .real(report.loss), "gradient_norm": .real(report.gradientNorm),
      "learning_rate": .real(report.learningRate), "samples": .integer(report.samples),
      "tokens": .integer(report.tokens),
    ])
    try timing.append([
      "event": "step", "step": .integer(report.step), "samples": .integer(report.samples),
      "seconds": .real(seconds),
    ])
  }

  @discardableResult
  private func log(
    _ evaluation: Evaluation, name: String, split: String
  ) throws -> EvaluationFigures {
    let figures = EvaluationFigures(evaluation, name: name, split: split)
    try metrics.append(figures)
    return figures
  }
}

extension Duration {
  /// The length in seconds.
  public var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

/// The program.
public enum BearLab {
  public static let version = "0.1.0"
}
