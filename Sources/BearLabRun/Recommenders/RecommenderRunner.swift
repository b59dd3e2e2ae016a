internal import BearLabCore
internal import BearLabEvaluation

/// Walks a run without a language model: trains its recommender and measures it beside others.
///
/// What was trained is in the store as soon as it is done. A run that continues measures all rows
/// again, which takes seconds.
public final class RecommenderRunner {
  private static let baselines = ["popularity", "markov"]

  private let experiment: RecommenderExperiment
  private let folder: RunFolder
  private let interruption: Interruption
  private let lock: RunLock
  private let journal: RunJournal

  /// Prepares a run in a folder: a new one gets its `run.yaml`, another continues.
  ///
  /// - Parameters:
  ///   - experiment: the description brought to life.
  ///   - folder: an empty folder, or that of a run with the same description.
  ///   - interruption: asked after every epoch.
  ///   - observer: told what happens.
  /// - Throws: ``RunFolderError``, such as for data that changed since the run began.
  public init(
    _ experiment: RecommenderExperiment, in folder: RunFolder,
    interruption: Interruption = Interruption(), observer: @escaping (RunEvent) -> Void
  ) throws {
    self.experiment = experiment
    self.folder = folder
    self.interruption = interruption
    lock = try RunLock(folder.path)
    try RunRecord(experiment).begin(experiment.description, in: folder, observer: observer)
    folder.removePartialFiles()
    journal = try RunJournal(
      folder, of: experiment.description, keepingMetrics: 0, observer: observer)
  }

  /// Trains the recommender, and measures popularity, Markov chain and it on test.
  ///
  /// - Returns: the table that the run ends with.
  /// - Throws: ``RunInterrupted`` where it was asked to stop, and what its parts throw.
  public func run() throws -> ReportTable {
    experiment.dataset.notices.forEach { journal.observer(.notice($0)) }
    guard let trained = try journal.prepareRecommender(of: experiment, interruption) else {
      throw RunDescriptionError.nothingToRun
    }
    var rows: [ReportTable.Row] = []
    for name in Self.baselines where name != trained.name {
      rows.append(try journal.report(recommender: name, of: experiment))
      try interruption.check(run: folder.path)
    }
    let (row, evaluation) = try journal.report(trained, of: experiment)
    if let evaluation {
      let text = try Predictions.json(
        evaluation, phrases: experiment.dataset.phrases,
        matcher: TitleMatcher(leavesOf: experiment.dataset), length: 10)
      try folder.write(text, to: folder.predictionsPath)
    }
    let table = try experiment.table(rows + [row])
    _ = try journal.metrics.syncedLength()
    // The report is the last thing written: where it is, the run has ended.
    try folder.write(table.text, to: folder.reportPath)
    return table
  }
}
