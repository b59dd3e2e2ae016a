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
  /// A stage of `total` units of work begins, of which `done` were done before.
  case began(stage: String, done: Int, total: Int, unit: String)
  /// `done` of the stage's units are done; `detail` is the loss and the like.
  case progress(done: Int, detail: String)
  case measured(name: String, row: ReportTable.Row)
}

/// Walks a run from its description to its table, or from where it was stopped.
///
/// `metrics.jsonl` says which evaluations are done, the checkpoint how far the training is. Each
/// checkpoint knows the length of `metrics.jsonl` at its time: who continues cuts it there and
/// computes again what came later, to the same bits.
public final class Runner {
  let experiment: Experiment
  let folder: RunFolder
  let observer: (RunEvent) -> Void
  let interruption: Interruption
  private let lock: RunLock
  let metrics: JSONLines
  let timing: JSONLines
  let clock = ContinuousClock()
  let settings: String
  let start: TrainingCheckpoint?
  private(set) var evaluations: [EvaluationFigures]

  /// Prepares a run in a folder: a new one gets its `run.yaml`, another continues.
  ///
  /// - Parameters:
  ///   - experiment: the description brought to life.
  ///   - folder: an empty folder, or that of a run with the same description.
  ///   - interruption: asked after every step.
  ///   - observer: told what happens.
  /// - Throws: ``RunFolderError``, such as for data that changed since the run began.
  public init(
    _ experiment: Experiment, in folder: RunFolder, interruption: Interruption = Interruption(),
    observer: @escaping (RunEvent) -> Void
  ) throws {
    self.experiment = experiment
    self.folder = folder
    self.interruption = interruption
    self.observer = observer
    try experiment.requireValidation()
    try experiment.requireMemory()
    // Before anything is looked at or written: another process may be at work here.
    lock = try RunLock(folder.path)
    settings = try experiment.description.yaml()
    let record = RunRecord(experiment)
    if folder.hasDescription {
      let began = try RunRecord(yaml: folder.readDescription(), path: folder.descriptionPath)
      try record.differences(from: began).forEach { observer(.notice($0)) }
    } else {
      try folder.write(
        experiment.description.yaml(record: record.entries), to: folder.descriptionPath)
    }
    timing = try folder.openLines("timing.jsonl")
    folder.removePartialFiles()
    let found = try folder.newestIntactCheckpoint(
      stepsPerEpoch: experiment.stepsPerEpoch, settings: settings)
    start = found.checkpoint
    metrics = try folder.openLines("metrics.jsonl", keeping: found.checkpoint?.metricsLength ?? 0)
    evaluations = folder.evaluations()
    found.problems.forEach { observer(.notice($0)) }
    // What was passed over is computed again, and must not count as the newest until then.
    for path in found.passedOver { try? FileManager.default.removeItem(atPath: path) }
    if let start {
      observer(.notice("continuing after step \(start.step), from \(found.path)"))
    } else if !found.passedOver.isEmpty {
      observer(.notice("no checkpoint can be used: the run begins anew"))
    }
  }

  /// Measures zero-shot and popularity, fine-tunes, and measures the chosen epoch.
  ///
  /// - Returns: the table that the run ends with.
  /// - Throws: ``RunInterrupted`` where it was asked to stop, and what its parts throw.
  public func run() throws -> ReportTable {
    experiment.notices.forEach { observer(.notice($0)) }
    let evaluator = try experiment.evaluator()
    let test = try experiment.testWindows
    let injector = try experiment.makeInjector(observer: observer)
    let trainer = try experiment.makeTrainer(injector: injector)
    var rows = [
      try report("popularity", as: "popularity") {
        try experiment.evaluate(recommender: "popularity")
      },
      try report("zero-shot", as: "zero-shot") {
        try evaluate(
          test, evaluator, weights: .none(injector: injector), name: "zero-shot on test")
      },
    ]
    if trainer.settings.epochs > 0 {
      if start == nil { try checkpoint(trainer, epoch: 0, to: folder.checkpointPath(step: 0)) }
      try train(trainer, evaluator: evaluator)
      rows += try measureChosenEpoch(trainer, evaluator: evaluator)
    }
    let table = ReportTable(
      rows: rows, rowsEvaluated: test.count, titleCount: experiment.trie.titleCount,
      protocolSummary: experiment.description.protocolSummary,
      precision: experiment.loaded.model.precision)
    // The last epoch's serves from here on.
    folder.pruneCheckpoints(keeping: 0)
    _ = try metrics.syncedLength()
    // The report is the last thing written: where it is, the run has ended.
    try folder.write(table.text, to: folder.reportPath)
    return table
  }

  func evaluate(
    _ windows: [Window], _ evaluator: Evaluator, weights: TrainedWeights, name: String
  ) throws -> Evaluation {
    observer(.began(stage: name, done: 0, total: windows.count, unit: "users"))
    let began = clock.now
    let evaluation = try evaluator.evaluate(windows, weights: weights) {
      observer(.progress(done: $0, detail: ""))
      try interruption.check(run: folder.path)
    }
    try timing.append([
      "event": "evaluation", "name": .text(name), "users": .integer(windows.count),
      "seconds": JSONScalar.real((clock.now - began).seconds),
    ])
    return evaluation
  }

  /// The row of an evaluation on test, measured unless `metrics.jsonl` has it.
  func report(
    _ title: String, as name: String, _ evaluate: () throws -> Evaluation
  ) throws -> ReportTable.Row {
    let figures = try figures(name, split: "test") {
      let evaluation = try evaluate()
      try RowResults.write(evaluation, name: name, in: folder)
      return evaluation
    }
    let row = ReportTable.Row(title, figures)
    observer(.measured(name: title, row: row))
    return row
  }

  /// The figures of an evaluation, measured unless `metrics.jsonl` has them.
  func figures(
    _ name: String, split: String, _ evaluate: () throws -> Evaluation
  ) throws -> EvaluationFigures {
    if let known = evaluations.first(where: { $0.name == name && $0.split == split }) {
      return known
    }
    let figures = EvaluationFigures(try evaluate(), name: name, split: split)
    try metrics.append(figures)
    evaluations.append(figures)
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
