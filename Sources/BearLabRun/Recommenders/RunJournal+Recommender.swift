internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

extension RunJournal {
  /// The run's recommender, trained or read, and named in `run.yaml`; nil where the run has none.
  ///
  /// - Throws: ``RunInterrupted`` between two epochs, ``RunFolderError/changedFile(name:recorded:found:)``
  ///   where it is not that of the beginning, and what ``RecommenderSource/trained(recorded:_:)``
  ///   throws.
  func prepareRecommender(
    of experiment: some PreparedExperiment, _ interruption: Interruption
  ) throws -> TrainedRecommender? {
    let record = try folder.readRecord()
    var began = clock.now
    var listener = RecommenderSource.Listener(observer)
    let show = listener.progress
    listener.progress = { [timing, clock, folder] progress in
      try timing.append([
        "event": "recommender-epoch", "epoch": .integer(progress.epoch),
        "seconds": JSONScalar.real((clock.now - began).seconds),
      ])
      began = clock.now
      try show(progress)
      try interruption.check(run: folder.path)
    }
    let trained = try experiment.recommenders.trained(recorded: record, listener)
    guard let file = trained?.file else { return trained }
    if let change = record.change(to: file) { throw change }
    if record["recommender"] == nil {
      try folder.write(
        experiment.description.yaml(record: record.adding(file).entries), to: folder.descriptionPath
      )
    }
    return trained
  }

  /// The row of the run's recommender, behind the lines of its epochs.
  ///
  /// These were kept with it: the lines are the same whether it was trained now or before.
  ///
  /// - Returns: the row, and the lists unless the row was measured before.
  /// - Throws: what recommender and files throw.
  func report(
    _ recommender: TrainedRecommender, of experiment: some PreparedExperiment
  ) throws -> (row: ReportTable.Row, evaluation: Evaluation?) {
    var measured: Evaluation?
    let row = try report(recommender.name, as: recommender.name) {
      for epoch in recommender.epochs { try metrics.append(Self.line(epoch, recommender.name)) }
      let evaluation = try experiment.evaluate(recommender.fitted)
      measured = evaluation
      return evaluation
    }
    return (row, measured)
  }

  /// The row of a recommender that needs no settings, to compare with.
  func report(
    recommender name: String, of experiment: some PreparedExperiment
  ) throws -> ReportTable.Row {
    try report(name, as: name) {
      try experiment.evaluate(experiment.recommenders.fitted(name))
    }
  }

  private static func line(
    _ progress: RecommenderProgress, _ name: String
  ) -> [String: JSONScalar] {
    var line: [String: JSONScalar] = [
      "event": "recommender-epoch", "name": .text(name), "epoch": .integer(progress.epoch),
      "loss": .real(progress.loss),
    ]
    if let ndcg = progress.validationNDCG { line["validation_ndcg@10"] = .real(ndcg) }
    return line
  }
}

extension RecommenderSource.Listener {
  /// Shows the training to an observer of a run.
  init(_ observer: @escaping (RunEvent) -> Void) {
    notice = { observer(.notice($0)) }
    began = { name, epochs in
      observer(.began(stage: "training \(name)", done: 0, total: epochs, unit: "epochs at most"))
    }
    progress = { progress in
      let ndcg = progress.validationNDCG.map { String(format: ", NDCG@10 %.4f", $0) } ?? ""
      observer(
        .progress(done: progress.epoch, detail: String(format: "loss %.4f", progress.loss) + ndcg))
    }
  }
}
