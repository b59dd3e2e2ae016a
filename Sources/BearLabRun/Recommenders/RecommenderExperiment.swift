public import BearLabCore
internal import BearLabData
internal import BearLabEvaluation
internal import BearLabFormats

/// A run without a language model brought to life: a data set and a recommender.
public struct RecommenderExperiment {
  public private(set) var description: RunDescription
  public let dataset: Dataset
  let libraries: [PluginRegistry.Library]
  private(set) var recommenders: RecommenderSource

  /// Reads the data set.
  ///
  /// - Parameters:
  ///   - description: what is run.
  ///   - registry: the plug-ins.
  ///   - resources: where data sets are, and trained recommenders.
  /// - Throws: what the data set's files throw.
  public init(
    _ description: RunDescription, registry: PluginRegistry, resources: ResourceLocator
  ) throws {
    self.description = description
    libraries = registry.libraries
    dataset = try resources.loadedDataset(description.dataset, registry: registry)
    recommenders = RecommenderSource(
      description, dataset: dataset, registry: registry, resources: resources)
  }

  /// The recommender, trained or read.
  ///
  /// - Throws: ``RunDescriptionError/nothingToRun`` where there is none, and what it throws.
  private func recommender(
    of folder: RunFolder?, observer: (RunEvent) -> Void
  ) throws -> TrainedRecommender {
    guard let trained = try prepareRecommender(of: folder, observer: observer) else {
      throw RunDescriptionError.nothingToRun
    }
    return trained
  }

  /// A table of some rows.
  func table(_ rows: [ReportTable.Row]) throws -> ReportTable {
    ReportTable(
      rows: rows, rowsEvaluated: try measuredWindows.count,
      titleCount: dataset.catalogue.titles.count, protocolSummary: description.protocolSummary,
      precision: nil)
  }
}

extension RecommenderExperiment: PreparedExperiment {
  var modelHash: String? { nil }
  var encoderHash: String? { nil }
  var adapterHash: String? { nil }
  var initialHash: String? { nil }

  func replacing(_ description: RunDescription) -> RecommenderExperiment {
    var copy = self
    copy.description = description
    copy.recommenders = recommenders.replacing(description)
    return copy
  }

  public func run(
    in folder: RunFolder, interruption: Interruption, observer: @escaping (RunEvent) -> Void
  ) throws -> ReportTable {
    let runner = try RecommenderRunner(
      self, in: folder, interruption: interruption, observer: observer)
    return try folder.announcing(to: observer, holding: runner, runner.run)
  }

  /// Measures the recommender; one that is not in the store is trained.
  public func measure(
    run folder: RunFolder?, interruption: Interruption, observer: (RunEvent) -> Void
  ) throws -> ReportTable {
    dataset.notices.forEach { observer(.notice($0)) }
    try folder.map(changes)?.forEach { observer(.notice($0)) }
    let trained = try recommender(of: folder, observer: observer)
    try interruption.check()
    let figures = EvaluationFigures(
      try evaluate(trained.fitted), name: trained.name, split: "test",
      metrics: description.metrics)
    return try table([.init(trained.name, figures)])
  }

  /// Recommends by the recommender's scores.
  public func recommend(
    history titles: [String], run: RunFolder?, count: Int, observer: (RunEvent) -> Void
  ) throws -> [Recommendation] {
    try run.map(changes)?.forEach { observer(.notice($0)) }
    let history = try dataset.catalogue.history(of: titles, observer: observer)
    let trained = try recommender(of: run, observer: observer)
    // The list does not depend on the target.
    let window = Window(user: 0, history: history, target: history[0], timestamp: 0)
    let evaluation = try Evaluation(
      [window], by: trained.fitted, matcher: TitleMatcher(leavesOf: dataset), length: count)
    let answers = evaluation.rows.flatMap(\.ranked)
    return zip(1..., answers).compactMap { rank, answer in
      answer.title.map { title in
        Recommendation(
          rank: rank, title: dataset.catalogue.titles[title],
          items: dataset.catalogue.items(withTitle: title), score: answer.score)
      }
    }
  }
}
