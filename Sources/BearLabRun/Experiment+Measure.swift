internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN

extension RunDescription {
  /// Checks that what measures a run takes it for what it was trained with.
  ///
  /// - Parameters:
  ///   - given: the settings that the run is measured with.
  ///   - run: the folder of the run that this describes.
  /// - Throws: ``RunFolderError/otherObjective(path:trained:given:)``,
  ///   ``RunFolderError/otherAdapter(path:trained:given:)``, or
  ///   ``RunFolderError/otherRecommender(path:trained:given:)``.
  public func requireSameTraining(
    of given: RunDescription, in run: RunFolder
  ) throws(RunFolderError) {
    if given.hasModel != hasModel || trainsOnRecommender && given.recommender != recommender {
      throw .otherRecommender(
        path: run.path, trained: recommender?.name ?? "no recommender",
        given: Self.difference(of: given.recommender, from: recommender))
    }
    if hasModel, given.adapterFolder != adapterFolder {
      throw .otherAdapter(
        path: run.path, trained: adapterFolder ?? "no adapter",
        given: given.adapterFolder ?? "no adapter")
    }
    guard hasModel, given.objective != objective else { return }
    throw .otherObjective(
      path: run.path, trained: objective.name,
      given: Self.difference(of: given.objective, from: objective))
  }

  /// The name of a plug-in, or the parameters that differ where it is the same one.
  private static func difference(of given: Choice?, from own: Choice?) -> String {
    guard let given, let own, given.name == own.name, given != own else {
      return given?.name ?? "no recommender"
    }
    return given.values.values.filter { own.values.values[$0] != $1 }
      .map { "\($0)=\($1)" }.sorted().joined(separator: ", ")
  }
}

extension Experiment {
  /// Measures a run's best checkpoint on test, or the base model where there is no run.
  ///
  /// - Returns: a table of one row.
  public func measure(
    run folder: RunFolder?, interruption: Interruption, observer: (RunEvent) -> Void
  ) throws -> ReportTable {
    notices.forEach { observer(.notice($0)) }
    let (weights, name) = try measuredWeights(of: folder, observer: observer)
    let windows = try testWindows
    observer(.began(stage: "\(name) on test", done: 0, total: windows.count, unit: "users"))
    let evaluation = try evaluator().evaluate(windows, weights: weights) {
      observer(.progress(done: $0, detail: ""))
      try interruption.check()
    }
    return ReportTable(
      rows: [
        .init(
          name,
          EvaluationFigures(
            evaluation, name: name, split: "test", metrics: description.metrics))
      ],
      rowsEvaluated: windows.count,
      titleCount: trie.titleCount, protocolSummary: description.protocolSummary,
      precision: loaded.model.precision)
  }

  /// The weights of a run's best epoch, or none without a run, and what a table calls them.
  ///
  /// A recommender that the run needs is trained where it is no longer there.
  func measuredWeights(
    of folder: RunFolder?, observer: (RunEvent) -> Void
  ) throws -> (weights: TrainedWeights, name: String) {
    try folder.map(changes)?.forEach { observer(.notice($0)) }
    try prepareRecommender(of: folder, observer: observer)
    let injector = try makeInjector(observer: observer)
    guard let folder else { return (try untrainedWeights(injector: injector), "zero-shot") }
    let (weights, epoch) = try trainedWeights(of: folder, injector: injector)
    return (
      weights, "\(try description.selection.title(of: description.objective.name)), epoch \(epoch)"
    )
  }

  /// The model before any training of ours: the base model, with the adapter where there is one.
  func untrainedWeights(injector: (any Injector)?) throws -> TrainedWeights {
    .none(adapter: inputs.adapter == nil ? nil : try makeAdapter(), injector: injector)
  }

  /// The weights of a run's best epoch; the injector's own are replaced.
  func trainedWeights(
    of folder: RunFolder, injector: (any Injector)?
  ) throws -> (weights: TrainedWeights, epoch: Int) {
    let epoch = try folder.bestEpoch()
    let adapter = try makeAdapter()
    try TrainingCheckpoint(readingFrom: folder.checkpointPath(epoch: epoch))
      .restore(adapter, injector)
    return (TrainedWeights(adapter: adapter, injector: injector), epoch)
  }

  /// What judges answers on this data set.
  var matcher: TitleMatcher {
    get throws {
      TitleMatcher(
        catalogue: dataset.catalogue, seenTitles: statistics.seenTitles,
        match: try description.evaluation["match"], decode: loaded.encoder.decode)
    }
  }
}
