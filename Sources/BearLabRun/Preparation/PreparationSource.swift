internal import BearLabCore
internal import BearLabFormats
internal import BearLabSentenceEncoder
internal import BearLabTensor
internal import Foundation

/// What the backbone of a run learned before fine-tuning: learned or read from the cache the first
/// time it is asked for.
final class PreparationSource {
  private let resources: ResourceLocator?
  private var known: StoredTensors?
  private var knownEncoder: BERTSentenceEncoder?

  /// Without a cache nothing is kept, and there is no sentence encoder.
  init(resources: ResourceLocator?) { self.resources = resources }

  /// The tensors that the backbone's injector is made of; none where there is nothing to learn.
  ///
  /// - Parameters:
  ///   - inputs: the run's backbone and data.
  ///   - recommender: what the backbone builds on.
  ///   - check: asked after every epoch; throws to stop.
  ///   - observer: told of a training.
  /// - Returns: the tensors.
  /// - Throws: ``ResourceError`` where the sentence encoder is missing, a `CheckpointError` where
  ///   nothing can be kept, and what encoder, backbone and `check` throw.
  func prepared(
    _ inputs: RunInputs, recommender: TrainedRecommender?, check: () throws -> Void,
    observer: (RunEvent) -> Void
  ) throws -> StoredTensors {
    guard inputs.backbone.needs.preparation else { return StoredTensors([:]) }
    if let known { return known }
    let encoder = try encoder(inputs.description)
    let context = PreparationContext(
      train: inputs.dataset.train, catalogue: inputs.dataset.catalogue,
      recommender: recommender?.fitted, sentenceEncoder: encoder, seed: try inputs.description.seed)
    let file = try file(inputs, recommender: recommender, encoder: encoder)
    if let file, let tensors = read(file, observer) {
      known = tensors
      return tensors
    }
    let tensors = try learn(inputs, context, check: check, observer: observer)
    try file?.write(tensors)
    known = tensors
    return tensors
  }

  private func learn(
    _ inputs: RunInputs, _ context: PreparationContext, check: () throws -> Void,
    observer: (RunEvent) -> Void
  ) throws -> StoredTensors {
    var began = false
    return try inputs.backbone.prepare(context) { progress in
      if !began {
        let name = inputs.description.backbone.name
        observer(
          .began(stage: "stage 1 of \(name)", done: 0, total: progress.epochs, unit: "epochs"))
        began = true
      }
      observer(.progress(done: progress.epoch, detail: String(format: "loss %.4f", progress.loss)))
      try check()
    }
  }

  /// SHA-256 of the sentence encoder's weights; nil where the run has none.
  func encoderHash(_ inputs: RunInputs) throws -> String? {
    guard inputs.backbone.needs.sentenceEncoder else { return nil }
    return try encoder(inputs.description)?.hash
  }

  /// The sentence encoder of the run; nil where the backbone names none.
  private func encoder(_ description: RunDescription) throws -> BERTSentenceEncoder? {
    guard case .text(let name) = description.backbone.values.values["encoder"], let resources
    else { return nil }
    if let knownEncoder { return knownEncoder }
    let encoder = try BERTSentenceEncoder(folder: resources.encoder(name))
    knownEncoder = encoder
    return encoder
  }

  /// Where the tensors are kept; nil where nothing is.
  private func file(
    _ inputs: RunInputs, recommender: TrainedRecommender?, encoder: BERTSentenceEncoder?
  ) throws -> PreparationFile? {
    guard let resources else { return nil }
    // A recommender that is in no file is not told from another.
    if recommender != nil, recommender?.file == nil { return nil }
    let choice = inputs.description.backbone
    let library = inputs.registry.backbones.libraryHash(
      of: choice.name, in: inputs.registry.libraries)
    let identity = """
      preparation of bear-lab \(BearLab.version)
      \(choice.name), seed \(try inputs.description.seed), \(Compute.instructionSet), \
      \(Compute.threads) threads
      recommender \(recommender?.file?.hash ?? "none"), encoder \(encoder?.hash ?? "none")
      data \(RecommenderIdentity.hash(of: inputs.dataset.catalogue, [inputs.dataset.train]))
      \(RecommenderIdentity.lines(choice.values))
      """ + (library.map { "\nplug-in \($0)" } ?? "")
    return PreparationFile(
      path: "\(resources.cache)/backbones/\(choice.name)-"
        + FileHash.sha256(of: Array(identity.utf8)) + ".h5", identity: identity)
  }

  private func read(
    _ file: PreparationFile, _ observer: (RunEvent) -> Void
  ) -> StoredTensors? {
    do {
      return try file.read()
    } catch {
      let reason = (error as? any BearLabError)?.description ?? "\(error)"
      observer(.notice("\(reason); it is learned again"))
      return nil
    }
  }
}
