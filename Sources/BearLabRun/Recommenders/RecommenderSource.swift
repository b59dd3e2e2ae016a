public import BearLabCore
internal import BearLabData

/// The recommenders of a run: the one it builds on or measures, trained or read from the store the
/// first time it is asked for, and those that tables compare with.
final class RecommenderSource {
  private let description: RunDescription
  private let dataset: Dataset
  private let registry: PluginRegistry
  /// Nil where nothing is kept.
  private let store: RecommenderStore?
  /// Where files are that a recommender asks for; nil where there are none.
  private let resources: ResourceLocator?
  private var known: TrainedRecommender?

  /// Nothing is trained or read yet.
  init(
    _ description: RunDescription, dataset: Dataset, registry: PluginRegistry,
    resources: ResourceLocator?
  ) {
    self.description = description
    self.dataset = dataset
    self.registry = registry
    self.resources = resources
    store = resources.map { RecommenderStore(cache: $0.cache) }
  }

  /// The same under a description that differs in the seed alone.
  func replacing(_ description: RunDescription) -> RecommenderSource {
    RecommenderSource(description, dataset: dataset, registry: registry, resources: resources)
  }

  /// What hears of the search and of the training.
  struct Listener {
    /// Told of a file that cannot be used.
    var notice: (String) -> Void = { _ in }
    /// Told that a training of at most so many epochs begins.
    var began: (_ name: String, _ epochs: Int) -> Void = { _, _ in }
    /// Told of each epoch; throws to stop.
    var progress: (RecommenderProgress) throws -> Void = { _ in }
  }

  /// The recommender that the description names.
  ///
  /// - Parameters:
  ///   - recorded: what a run found when it began; the file that it names is used while it is the
  ///     same, whatever threads and instruction set are now.
  ///   - listener: told what happens.
  /// - Returns: nil where the description names none.
  /// - Throws: ``RecommenderFileError``, and what the recommender and the listener throw.
  func trained(
    recorded: RunRecord? = nil, _ listener: Listener = Listener()
  ) throws -> TrainedRecommender? {
    if let known { return known }
    guard let choice = description.recommender else { return nil }
    let recommender = try registry.recommenders.find(choice.name).init(choice.values)
    recommender.notices.forEach(listener.notice)
    let data = try data()
    let inputs = RecommenderInputs(
      recommender.needs, choice.values, dataset: dataset, resources: resources)
    // One that was written anew may learn something else.
    let library = registry.recommenders.libraryHash(of: choice.name, in: registry.libraries)
    let identity = RecommenderIdentity(
      choice, data, files: try inputs.hashes + (library.map { [("plug-in", $0)] } ?? []))
    func read(_ path: String) throws -> TrainedRecommender {
      let file = try RecommenderFile(readingFrom: path)
      return TrainedRecommender(
        name: choice.name,
        fitted: try file.fitted(recommender, identity, catalogue: data.catalogue),
        epochs: file.epochs, file: try .init(hashing: path), wasTrained: false)
    }
    if let path = description.recommenderFile {
      known = try read(path)
    } else {
      known =
        try stored(identity, recorded: recorded, listener, read)
        ?? train(recommender, identity, self.data(inputs.load()), listener)
    }
    return known
  }

  /// A recommender with its default settings, trained now.
  func fitted(_ name: String) throws -> any FittedRecommender {
    try registry.recommenders.find(name).init([:]).fit(data())
  }

  private func data(
    _ resources: RecommenderResources = RecommenderResources()
  ) throws -> RecommenderData {
    RecommenderData(
      train: dataset.train, validation: dataset.validation, catalogue: dataset.catalogue,
      seed: try description.seed, resources: resources)
  }

  /// The recommender from the store; nil where it is not there or cannot be used.
  private func stored(
    _ identity: RecommenderIdentity, recorded: RunRecord?, _ listener: Listener,
    _ read: (String) throws -> TrainedRecommender
  ) throws -> TrainedRecommender? {
    guard let store else { return nil }
    if let name = recorded?["recommender"], let hash = recorded?["recommender-sha256"],
      let found = try? read("\(store.folder)/\(name)"), found.file?.hash == hash
    {
      return found
    }
    do {
      return try read(store.path(identity))
    } catch RecommenderFileError.notFound {
      return nil
    } catch let error as any BearLabError {
      listener.notice("\(error.description); it is trained again")
      return nil
    }
  }

  private func train(
    _ recommender: any Recommender, _ identity: RecommenderIdentity, _ data: RecommenderData,
    _ listener: Listener
  ) throws -> TrainedRecommender {
    try store?.prepare()
    // What has no epochs takes no time.
    if let most: Int = try? description.recommender?.values["epochs"] {
      listener.began(identity.name, most)
    }
    var epochs: [RecommenderProgress] = []
    let fitted = try recommender.fit(data) { progress in
      guard progress.loss.isFinite, progress.validationNDCG?.isFinite ?? true else {
        throw RecommenderTrainingError.diverged(name: identity.name, epoch: progress.epoch)
      }
      epochs.append(progress)
      try listener.progress(progress)
    }
    let file = try store.map { store in
      let path = store.path(identity)
      try RecommenderFile.write(fitted, identity, epochs: epochs, to: path)
      return try TrainedRecommender.File(hashing: path)
    }
    return TrainedRecommender(
      name: identity.name, fitted: fitted, epochs: epochs, file: file, wasTrained: true)
  }
}

/// Why a recommender's training makes no sense.
public enum RecommenderTrainingError: BearLabError, Equatable {
  case diverged(name: String, epoch: Int)

  public var description: String {
    switch self {
    case .diverged(let name, let epoch):
      "the loss of \(name) in epoch \(epoch) is no number: the training has diverged"
    }
  }

  public var remedy: String {
    "lower the learning rate, such as --set recommender.learning-rate=1e-4"
  }
}
