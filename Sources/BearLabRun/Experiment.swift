public import BearLabCore
public import BearLabData
public import BearLabEvaluation
internal import BearLabLanguageModel
internal import BearLabNN
public import BearLabTensor
public import BearLabTraining

/// A description brought to life: data set, model, trie and plug-ins, ready to train and measure.
public struct Experiment {
  private(set) var inputs: RunInputs
  public let loaded: LoadedModel

  public var description: RunDescription { inputs.description }
  public var dataset: Dataset { inputs.dataset }
  public var backbone: any Backbone { inputs.backbone }
  public var objective: any Objective { inputs.objective }
  public var decoder: any Decoder { inputs.decoder }
  public var trie: ItemTrie { inputs.trie }
  public var statistics: TrainingStatistics { inputs.statistics }
  var recommenders: RecommenderSource { inputs.recommenders }
  var encoderHash: String? { get throws { try inputs.preparations.encoderHash(inputs) } }
  /// What a reader of the results should know.
  public var notices: [String] { inputs.notices }

  /// Loads everything.
  ///
  /// - Parameters:
  ///   - description: what is run; its precision is chosen here where it is `auto`.
  ///   - registry: the plug-ins.
  ///   - resources: where data sets and models are.
  ///   - precisions: those that there are, the fastest last.
  /// - Throws: `ComputeError` for a precision that there is not, and what the data set's files, the
  ///   model's file and the plug-ins throw.
  public init(
    _ description: RunDescription, registry: PluginRegistry, resources: ResourceLocator,
    precisions: [Precision] = Precision.available
  ) throws {
    inputs = try RunInputs(
      description, registry: registry, resources: resources, precisions: precisions)
    let otherBytes = Machine.peakBytes ?? 0
    loaded = try resources.loadedModel(inputs.model, precision: inputs.precision)
    loaded.model.memoryLimit = try description.memoryLimit
    loaded.model.otherBytes = otherBytes
    try checkProbe()
  }

  /// Prepares a run of a data set and a model that are in memory; what the description calls them,
  /// and its precision, is not read.
  ///
  /// - Throws: what the plug-ins throw, and ``ModelError`` or `CatalogueError` where the parts do not
  ///   fit.
  init(
    _ description: RunDescription, registry: PluginRegistry, dataset: Dataset, loaded: LoadedModel
  ) throws {
    self.loaded = loaded
    inputs = try RunInputs(
      description, registry: registry, dataset: dataset, model: loaded.outline,
      precision: loaded.model.precision)
  }

  /// Checks that a run keeps its limit on memory, before hours of it are done.
  ///
  /// - Throws: `LanguageModelError/memoryLimit(limit:needed:rows:)`.
  func requireMemory() throws {
    guard loaded.model.memoryLimit > 0 else { return }
    _ = try RunPlan(inputs, baseBytes: loaded.model.otherBytes)
  }

  /// The same data, model and plug-ins under a description that differs in the seed alone.
  func replacing(_ description: RunDescription) -> Experiment {
    var copy = self
    copy.inputs = inputs.replacing(description)
    return copy
  }

  /// A window's prompt in tokens.
  public func prompt(_ window: Window, stage: PromptStage) throws -> EncodedPrompt {
    try inputs.prompt(window, stage: stage)
  }

  /// A training window as the trainer takes it.
  public func sample(
    _ window: Window, stage: PromptStage = .training
  ) throws -> AnswerForest.Sample {
    try inputs.sample(window, stage: stage)
  }

  /// Where the decoder's constraint comes.
  public var constraint: ConstraintMode { description.constraint }

  /// Measures language models on this data set.
  public func evaluator() throws -> Evaluator {
    try Evaluator(
      model: loaded.model, trie: trie, matcher: try matcher, decoder: decoder,
      context: decoderContext,
      recommender: decoder.needsRecommender ? try recommenders.trained()?.fitted : nil,
      constraint: constraint, batchSize: try description.evaluation["batch-size"]
    ) { try prompt($0, stage: $1) }
  }

  /// Finds lists with another decoder than the run's.
  func evaluator(_ decoding: SamplerNeeds.Decoding) throws -> Evaluator {
    let decoder = try inputs.registry.decoders.find(decoding.decoder).init(decoding.parameters)
    return try Evaluator(
      model: loaded.model, trie: trie, matcher: try matcher, decoder: decoder,
      context: decoderContext, constraint: decoder.constraint ?? constraint,
      batchSize: try description.evaluation["batch-size"]
    ) { try prompt($0, stage: $1) }
  }

  /// What the decoder is told before it searches.
  var decoderContext: DecoderContext {
    DecoderContext(
      catalogue: dataset.catalogue, targetCounts: statistics.targetCounts,
      encoder: loaded.encoder)
  }

  /// The first rows of test, as many as the description says.
  public var testWindows: [Window] {
    get throws { try inputs.testWindows }
  }

  /// The first rows of validation, as many as the description says.
  public var validationWindows: [Window] {
    get throws { try inputs.validationWindows }
  }

  /// The training windows of the run.
  public var trainingWindows: [Window] {
    get throws { try inputs.trainingWindows }
  }

  /// Optimiser steps of an epoch.
  var stepsPerEpoch: Int {
    get throws {
      try description.trainingSettings.stepsPerEpoch(samples: trainingWindows.count)
    }
  }

  /// Optimiser steps between checkpoints.
  var checkpointSteps: Int {
    get throws { try description.training["checkpoint-steps"] }
  }

  /// A trainer with fresh LoRA weights.
  ///
  /// - Parameter injector: what fills the slots of prompts; see `makeInjector(observer:)`.
  /// - Returns: the trainer, whose objective knows the catalogue.
  /// - Throws: `TrainingError`, and what the objective throws.
  public func makeTrainer(injector: (any Injector)? = nil) throws -> Trainer {
    let settings = try description.trainingSettings
    let steps = settings.epochs * (try stepsPerEpoch)
    let adapter = try makeAdapter()
    try inputs.initial?.restore(adapter, injector)
    let trainer = Trainer(
      model: loaded.model, adapter: adapter, injector: injector, objective: objective,
      trie: trie, settings: settings, totalSteps: steps)
    try trainer.prepareObjective(
      ObjectiveContext(
        catalogue: dataset.catalogue, trie: trie, targetCounts: statistics.targetCounts,
        totalSteps: steps))
    return trainer
  }

  /// LoRA weights to train or to read a checkpoint into: the adapter's, or fresh ones; none where the
  /// backbone leaves the language model as it is.
  func makeAdapter() throws -> LoRAAdapter {
    try loaded.model.makeAdapter(for: description, from: inputs.adapter, backbone: backbone)
  }
}
