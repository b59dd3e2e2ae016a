public import BearLabCore
internal import BearLabData
internal import BearLabEvaluation

/// A description brought to life, with or without a language model: what the commands do with one.
public protocol RunnableExperiment {
  var description: RunDescription { get }
  /// Runs it, or continues it, in a folder; see ``Runner`` and ``RecommenderRunner``.
  func run(
    in folder: RunFolder, interruption: Interruption, observer: @escaping (RunEvent) -> Void
  ) throws -> ReportTable
  /// Measures what a run has trained, or what is there without a run: a table of one row.
  func measure(
    run folder: RunFolder?, interruption: Interruption, observer: (RunEvent) -> Void
  ) throws -> ReportTable
  /// Recommends behind a history of titles, oldest first.
  func recommend(
    history titles: [String], run: RunFolder?, count: Int, observer: (RunEvent) -> Void
  ) throws -> [Recommendation]
}

extension RunnableExperiment {
  /// Measures without an end before its own.
  public func measure(
    run folder: RunFolder?, observer: (RunEvent) -> Void
  ) throws -> ReportTable {
    try measure(run: folder, interruption: Interruption(), observer: observer)
  }
}

/// What runs with and without a language model have in common.
protocol PreparedExperiment: RunnableExperiment {
  var dataset: Dataset { get }
  /// SHA-256 of the language model's file; nil without one.
  var modelHash: String? { get }
  /// SHA-256 of the sentence encoder's weights; nil where the run has none.
  var encoderHash: String? { get throws }
  /// SHA-256 of the adapter that the model has; nil for none.
  var adapterHash: String? { get }
  /// SHA-256 of the weights that training begins with; nil for fresh ones.
  var initialHash: String? { get }
  /// What plug-ins were loaded from.
  var libraries: [PluginRegistry.Library] { get }
  var recommenders: RecommenderSource { get }
  /// The same under a description that differs in the seed alone.
  func replacing(_ description: RunDescription) -> Self
}

extension RunDescription {
  /// Brings the description to life.
  ///
  /// - Parameters:
  ///   - registry: the plug-ins.
  ///   - resources: where data sets, models and recommenders are.
  /// - Returns: an ``Experiment``, or a ``RecommenderExperiment`` for a run without a language model.
  /// - Throws: as their initialisers.
  public func prepared(
    registry: PluginRegistry, resources: ResourceLocator
  ) throws -> any RunnableExperiment {
    try experiment(registry: registry, resources: resources)
  }

  func experiment(
    registry: PluginRegistry, resources: ResourceLocator
  ) throws -> any PreparedExperiment {
    hasModel
      ? try Experiment(self, registry: registry, resources: resources)
      : try RecommenderExperiment(self, registry: registry, resources: resources)
  }
}

extension PreparedExperiment {
  /// The first rows of test, as many as the description says.
  var measuredWindows: [Window] {
    get throws { Array(dataset.test.prefix(try description.evaluation["users"])) }
  }

  /// Measures a trained recommender on the rows of test that the run measures.
  func evaluate(_ recommender: any FittedRecommender) throws -> Evaluation {
    try Evaluation(
      measuredWindows, by: recommender, matcher: TitleMatcher(leavesOf: dataset), length: 10)
  }

  /// Where model or data are not those that a run was trained on, which may be meant.
  func changes(since folder: RunFolder) throws -> [String] {
    try RunRecord(self).changedFiles(since: folder.readRecord()).map(\.description)
  }

  /// The recommender of the run, as the run found it if it is still there.
  ///
  /// - Parameters:
  ///   - folder: the run's; nil without one.
  ///   - observer: told of a training, and of a recommender that is not the run's.
  /// - Returns: nil where the run has none.
  /// - Throws: as ``RecommenderSource/trained(recorded:_:)``.
  @discardableResult
  func prepareRecommender(
    of folder: RunFolder?, observer: (RunEvent) -> Void
  ) throws -> TrainedRecommender? {
    let record = try folder?.readRecord()
    let trained = try withoutActuallyEscaping(observer) { observer in
      try recommenders.trained(recorded: record, .init(observer))
    }
    if let file = trained?.file, let change = record?.change(to: file) {
      observer(.notice(change.description))
    }
    return trained
  }
}

extension TitleMatcher {
  /// A matcher of titles by number, for lists that no tokens are behind.
  init(leavesOf dataset: Dataset) {
    let statistics = TrainingStatistics(train: dataset.train, catalogue: dataset.catalogue)
    self.init(
      catalogue: dataset.catalogue, seenTitles: statistics.seenTitles, decode: { _ in "" })
  }
}

extension Experiment: PreparedExperiment {
  var modelHash: String? { loaded.hash }
  var adapterHash: String? { inputs.adapter?.hash }
  var initialHash: String? { inputs.initial?.hash }
  var libraries: [PluginRegistry.Library] { inputs.registry.libraries }

  public func run(
    in folder: RunFolder, interruption: Interruption, observer: @escaping (RunEvent) -> Void
  ) throws -> ReportTable {
    let runner = try Runner(self, in: folder, interruption: interruption, observer: observer)
    return try folder.announcing(to: observer, holding: runner, runner.run)
  }
}
