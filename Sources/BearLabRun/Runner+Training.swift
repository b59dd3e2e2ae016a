internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTraining
internal import Foundation

extension Runner {
  /// Trains all epochs, or what is left of them.
  func train(_ trainer: Trainer, evaluator: Evaluator) throws {
    let samples = try TrainingSamples(
      experiment, try experiment.trainingWindows, needs: trainer.objective.needs, folder: folder,
      interruption: interruption, observer: observer)
    let perEpoch = try experiment.stepsPerEpoch
    if let start {
      // An epoch that had begun begins again; its effects of that time are in the checkpoint.
      if start.step % perEpoch != 0 { try trainer.beginEpoch(start.step / perEpoch) }
      try start.restore(trainer)
    }
    for epoch in 1...trainer.settings.epochs {
      if trainer.optimizer.step < epoch * perEpoch {
        try train(trainer, epoch: epoch, samples: samples)
      }
      try measure(trainer, epoch: epoch, evaluator: evaluator)
    }
  }

  /// Trains the steps of an epoch that are not done yet.
  private func train(
    _ trainer: Trainer, epoch: Int, samples: TrainingSamples
  ) throws {
    let batches = trainer.batches(sampleCount: samples.count, epoch: epoch - 1)
    let first = trainer.optimizer.step - (epoch - 1) * batches.count
    let interval = try experiment.checkpointSteps
    var done = first * trainer.settings.batchSize
    if first == 0 { try trainer.beginEpoch(epoch - 1) }
    try samples.beginEpoch(epoch - 1, trainer)
    observer(
      .began(
        stage: "epoch \(epoch) of \(trainer.settings.epochs)", done: done, total: samples.count,
        unit: "samples"))
    for (index, batch) in batches.enumerated().dropFirst(first) {
      let began = clock.now
      let stage = experiment.stage(ofStep: trainer.optimizer.step, trainer, batches.count)
      let report = try trainer.step(
        samples.batch(batch, stage: stage, step: trainer.optimizer.step))
      done += report.samples
      try log(report, epoch: epoch, stage: stage, seconds: (clock.now - began).seconds)
      observer(.progress(done: done, detail: String(format: "loss %.4f", report.loss)))
      let isDue = trainer.optimizer.step % interval == 0
      let isStopped = interruption.isRequested
      if isDue || isStopped || index == batches.count - 1 {
        try checkpoint(
          trainer, epoch: epoch - 1, to: folder.checkpointPath(step: trainer.optimizer.step))
      }
      if isStopped { throw RunInterrupted(path: folder.path) }
    }
  }

  /// Measures the weights after an epoch, and keeps them.
  private func measure(_ trainer: Trainer, epoch: Int, evaluator: Evaluator) throws {
    let path = folder.checkpointPath(epoch: epoch)
    if let split = try experiment.description.selection.split {
      let name = "epoch-\(epoch)"
      guard !evaluations.contains(where: { $0.name == name && $0.split == split }) else { return }
      let windows =
        split == "test" ? try experiment.testWindows : try experiment.validationWindows
      _ = try journal.figures(name, split: split) {
        try evaluate(
          windows, evaluator, weights: trainer.weights, name: "epoch \(epoch) on \(split)")
      }
    } else if FileManager.default.fileExists(atPath: path) {
      return
    }
    try checkpoint(trainer, epoch: epoch, to: path)
  }

  func checkpoint(_ trainer: Trainer, epoch: Int, to path: String) throws {
    let context = TrainingCheckpoint.Context(
      settings: settings, seed: trainer.settings.seed, epoch: epoch,
      metricsLength: try metrics.syncedLength(), best: RunFolder.best(of: evaluations))
    try TrainingCheckpoint.write(trainer, context, to: path)
    folder.pruneCheckpoints(keeping: 2)
  }

  private func log(
    _ report: StepReport, epoch: Int, stage: PromptStage, seconds: Double
  ) throws {
    var line: [String: JSONScalar] = [
      "event": "step", "step": .integer(report.step), "epoch": .integer(epoch),
      "loss": .real(report.loss), "gradient_norm": .real(report.gradientNorm),
      "learning_rate": .real(report.learningRate), "samples": .integer(report.samples),
      "tokens": .integer(report.tokens),
    ]
    if stage.isTextOnly { line["prompts"] = "text-only" }
    try metrics.append(line)
    try timing.append([
      "event": "step", "step": .integer(report.step), "samples": .integer(report.samples),
      "seconds": JSONScalar.real(seconds),
    ])
  }
}

extension Trainer {
  /// What is trained, as it is now.
  fileprivate var weights: TrainedWeights { TrainedWeights(adapter: adapter, injector: injector) }
}

extension Runner {
  /// The chosen epoch's figures on validation, which were measured when it ended.
  func chosenEpochOnValidation() throws -> [ReportTable.Row] {
    let name = "epoch-\(try folder.bestEpoch())"
    let description = experiment.description
    return try evaluations.filter { $0.name == name && $0.split == "validation" }.map {
      let row = ReportTable.Row(
        try description.selection.title(of: description.objective.name), $0)
      observer(.measured(name: row.name, row: row))
      return row
    }
  }

  /// Measures the chosen epoch's weights on test and writes its lists.
  func measureChosenEpoch(
    _ trainer: Trainer, evaluator: Evaluator
  ) throws -> [ReportTable.Row] {
    let epoch = try folder.bestEpoch()
    try TrainingCheckpoint(readingFrom: folder.checkpointPath(epoch: epoch))
      .restore(trainer.adapter, trainer.injector)
    let test = try experiment.testWindows
    let name = experiment.description.objective.name
    let selection = try experiment.description.selection
    let row = try journal.report(selection.title(of: name), as: "fine-tuned") {
      let tuned = try evaluate(
        test, evaluator, weights: trainer.weights, name: "fine-tuned on test")
      try Predictions.write(tuned, of: experiment, in: folder)
      return tuned
    }
    let epochs = evaluations.filter { $0.name.hasPrefix("epoch-") && $0.split == "test" }
    guard selection == .testMax, let best = EvaluationFigures(bestOf: epochs, name: "test-max")
    else { return [row] }
    return [row, ReportTable.Row("\(name), test-max", best)]
  }
}
