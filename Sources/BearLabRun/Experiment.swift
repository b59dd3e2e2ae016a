public import BearLabCore
public import BearLabData
public import BearLabEvaluation
internal import BearLabFormats
public import BearLabLanguageModel
internal import BearLabNN
public import BearLabTensor
public import BearLabTraining

/// A description brought to life: data set, model, trie and plug-ins, ready to train and measure.
public struct Experiment {
  public private(set) var description: RunDescription
  public let dataset: Dataset
  public let loaded: LoadedModel
  public let backbone: any Backbone
  public let objective: any Objective
  public let decoder: any Decoder
  public let trie: ItemTrie
  public let statistics: TrainingStatistics
  /// What a reader of the results should know.
  public let notices: [String]
  private let registry: PluginRegistry

  /// Loads everything.
  ///
  /// - Parameters:
  ///   - description: what is run; its precision is chosen here where it is `auto`.
  ///   - registry: the plug-ins.
  ///   - resources: where data sets and models are.
  ///   - precisions: those that there are, the fastest last.
  /// - Throws: `ComputeError` for a precision that there is not, and what the data set's files, the model's file and the plug-ins throw.
  public init(
    _ description: RunDescription, registry: PluginRegistry, resources: ResourceLocator,
    precisions: [Precision] = Precision.available
  ) throws {
    let description = try description.resolvingPrecision(among: precisions)
    let dataset = try DatasetLoader.load(
      folder: resources.dataset(description.dataset), registry: registry
    ) { path in try FileHash.sha256(path: path) }
    try self.init(
      description, registry: registry, dataset: dataset,
      loaded: LoadedModel(
        gguf: resources.model(description.model), precision: description.precision ?? .f32))
  }

  /// Prepares a run of a data set and a model that are in memory; what the description calls them,
  /// and its precision, is not read.
  ///
  /// - Throws: what the plug-ins throw, and ``ModelError`` or `CatalogueError` where the parts do not
  ///   fit.
  init(
    _ description: RunDescription, registry: PluginRegistry, dataset: Dataset, loaded: LoadedModel
  ) throws {
    self.description = description
    self.registry = registry
    self.dataset = dataset
    self.loaded = loaded
    backbone = try registry.backbones.find(description.backbone.name).init(
      description.backbone.values)
    objective = try registry.objectives.find(description.objective.name).init(
      description.objective.values)
    decoder = try registry.decoders.find(description.decoder.name).init(description.decoder.values)
    trie = try makeTrie(dataset.catalogue, backbone: backbone, encoder: loaded.encoder)
    statistics = TrainingStatistics(train: dataset.train, catalogue: dataset.catalogue)
    notices =
      dataset.notices
      + (try joinNotice(dataset: dataset, backbone: backbone, encoder: loaded.encoder, trie: trie))
    try requirePromptsFit()
  }

  /// The same data, model and plug-ins under a description that differs in the seed alone.
  func replacing(_ description: RunDescription) -> Experiment {
    var copy = self
    copy.description = description
    return copy
  }

  /// The tokens of a window's prompt.
  public func prompt(
    _ window: Window, stage: PromptStage
  ) throws -> [TokenForest.Element] {
    loaded.encoder.elements(
      of: try backbone.prompt(
        history: window.history, catalogue: dataset.catalogue, phrases: dataset.phrases,
        stage: stage))
  }

  /// A training window as the trainer takes it.
  public func sample(_ window: Window) throws -> AnswerForest.Sample {
    AnswerForest.Sample(
      prompt: try prompt(window, stage: .training),
      answers: [(dataset.catalogue.titleNumber(of: window.target), .positive)])
  }

  /// Where the decoder's constraint comes.
  public var constraint: ConstraintMode { description.constraint }

  /// Measures language models on this data set.
  public func evaluator() throws -> Evaluator {
    Evaluator(
      model: loaded.model, trie: trie, matcher: try matcher, decoder: decoder,
      constraint: constraint, batchSize: try description.evaluation["batch-size"]
    ) { try prompt($0, stage: .inference) }
  }

  /// The first rows of test, as many as the description says.
  public var testWindows: [Window] {
    get throws { Array(dataset.test.prefix(try description.evaluation["users"])) }
  }

  /// The first rows of validation, as many as the description says.
  public var validationWindows: [Window] {
    get throws { Array(dataset.validation.prefix(try description.evaluation["users"])) }
  }

  /// The training windows of the run.
  public var trainingWindows: [Window] {
    get throws { Array(dataset.trainSample.prefix(try description.training["samples"])) }
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

  /// A recommender of the registry, trained on all training windows and measured on test.
  public func evaluate(recommender name: String) throws -> Evaluation {
    var recommender = try registry.recommenders.find(name).init([:])
    try recommender.fit(
      train: dataset.train, validation: dataset.validation, catalogue: dataset.catalogue,
      seed: try description.seed)
    return try Evaluation(
      testWindows, by: recommender, matcher: matcher, length: 10)
  }

  /// A trainer with fresh LoRA weights.
  public func makeTrainer() throws -> Trainer {
    let settings = try description.trainingSettings
    let adapter = loaded.model.makeAdapter(
      try description.loraSettings, seed: try description.seed)
    let steps = settings.epochs * (try stepsPerEpoch)
    let trainer = try Trainer(
      model: loaded.model, adapter: adapter, objective: objective, trie: trie, settings: settings,
      totalSteps: steps)
    try trainer.prepareObjective(
      ObjectiveContext(
        catalogue: dataset.catalogue, trie: trie, targetCounts: statistics.targetCounts,
        totalSteps: steps))
    return trainer
  }
}

/// Builds the trie; a function of its own since the backbone is an existential.
func makeTrie(
  _ catalogue: Catalogue, backbone: some Backbone, encoder: some TextEncoder
) throws -> ItemTrie {
  try ItemTrie(catalogue: catalogue, backbone: backbone, encoder: encoder)
}

/// Checks that prompt and answer, encoded apart, are the tokens of the whole text.
///
/// They are always encoded apart; where the tokenizer would join them, the model sees a seam that
/// its pre-training did not have, and the reader is told.
private func joinNotice(
  dataset: Dataset, backbone: any Backbone, encoder: some TextEncoder, trie: ItemTrie
) throws -> [String] {
  guard let window = dataset.trainSample.first ?? dataset.test.first else { return [] }
  let prompt = try backbone.prompt(
    history: window.history, catalogue: dataset.catalogue, phrases: dataset.phrases,
    stage: .training)
  guard case .text(let text) = prompt.parts.last else { return [] }
  let tail = String(text.suffix(40))
  let tailTokens = encoder.encode(tail)
  let joined = dataset.catalogue.titles.enumerated().count { number, title in
    // The answer's own tokens are in the trie, EOS behind them.
    encoder.encode(tail + backbone.answer(title: title))
      != tailTokens + trie.tokens(of: number).dropLast()
  }
  guard joined > 0 else { return [] }
  return [
    "the tokenizer would join the prompt's end with \(joined) of "
      + "\(dataset.catalogue.titles.count) titles; they are encoded apart"
  ]
}
