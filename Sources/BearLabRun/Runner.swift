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
  /// A run begins, continues or ends; `reason` is what it failed of.
  case state(RunState, of: RunFolder, reason: String?)
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
  let journal: RunJournal
  let clock = ContinuousClock()
  let settings: String
  let start: TrainingCheckpoint?

  var metrics: JSONLines { journal.metrics }
  var timing: JSONLines { journal.timing }
  var evaluations: [EvaluationFigures] { journal.evaluations }

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
    try RunRecord(experiment).begin(experiment.description, in: folder, observer: observer)
    folder.removePartialFiles()
    let found = try folder.newestIntactCheckpoint(
      stepsPerEpoch: experiment.stepsPerEpoch, settings: settings)
    start = found.checkpoint
    journal = try RunJournal(
      folder, of: experiment.description, keepingMetrics: found.checkpoint?.metricsLength ?? 0,
      observer: observer)
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
    // First of all: what evaluator and trainer build on.
    let recommender = try journal.prepareRecommender(of: experiment, interruption)
    let evaluator = try experiment.evaluator()
    let test = try experiment.testWindows
    let injector = try experiment.makeInjector(
      check: { try interruption.check(run: folder.path) }, observer: observer)
    let trainer = try experiment.makeTrainer(injector: injector)
    let measured = try experiment.description.measured
    var rows: [ReportTable.Row] = []
    if measured == .all {
      rows.append(try journal.report(recommender: "popularity", of: experiment))
      if let recommender { rows.append(try journal.report(recommender, of: experiment).row) }
      rows.append(
        try journal.report("zero-shot", as: "zero-shot") {
          try evaluate(
            test, evaluator, weights: experiment.untrainedWeights(injector: injector),
            name: "zero-shot on test")
        })
    }
    if trainer.settings.epochs > 0 {
      if start == nil { try checkpoint(trainer, epoch: 0, to: folder.checkpointPath(step: 0)) }
      try train(trainer, evaluator: evaluator)
      rows +=
        measured == .validation
        ? try chosenEpochOnValidation() : try measureChosenEpoch(trainer, evaluator: evaluator)
    }
    let table = ReportTable(
      rows: rows, split: measured == .validation ? "validation" : "test",
      rowsEvaluated: rows.first?.figures.rows ?? 0, titleCount: experiment.trie.titleCount,
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
