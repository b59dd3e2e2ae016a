internal import BearLabCore
internal import BearLabNN
internal import BearLabTraining

extension Experiment {
  /// What fills the slots of prompts, with fresh weights; nil for a backbone without slots.
  ///
  /// The recommender that the backbone builds on, and what it learned from it, come from the cache or
  /// are trained here.
  ///
  /// - Parameters:
  ///   - check: asked after every epoch of what is trained here; throws to stop.
  ///   - observer: told of what is trained.
  /// - Returns: the injector.
  /// - Throws: what recommender, sentence encoder, backbone and `check` throw.
  func makeInjector(
    check: () throws -> Void = {}, observer: (RunEvent) -> Void
  ) throws -> (any Injector)? {
    let recommender = try recommenders.trained()
    let prepared = try inputs.preparations.prepared(
      inputs, recommender: recommender, check: check, observer: observer)
    return try backbone.makeInjector(
      InjectorContext(
        width: loaded.model.shape.width, meanEmbedding: loaded.model.meanEmbedding,
        catalogue: dataset.catalogue, recommender: recommender?.fitted, prepared: prepared,
        seed: try description.seed))
  }

  /// The stage of all prompts of an optimiser step: a curriculum may begin without vectors.
  func stage(ofStep step: Int, _ trainer: Trainer, _ stepsPerEpoch: Int) -> PromptStage {
    var random = CounterGenerator(
      key: CounterGenerator.mix(trainer.settings.seed ^ Self.curriculumSalt, UInt64(step)))
    return backbone.stage(
      step: step, totalSteps: trainer.settings.epochs * stepsPerEpoch,
      stepsPerEpoch: stepsPerEpoch, draw: Double.random(in: 0..<1, using: &random))
  }

  /// Keeps the curriculum's numbers apart from those of the order of samples.
  private static let curriculumSalt: UInt64 = 0x6375_7272_6963
}
