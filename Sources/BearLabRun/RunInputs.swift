internal import BearLabCore
internal import BearLabData
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import BearLabTraining

/// What a run works on, but for the model's weights: data set, tokenizer, trie and plug-ins.
struct RunInputs {
  private(set) var description: RunDescription
  let precision: Precision
  let dataset: Dataset
  let model: ModelOutline
  let backbone: any Backbone
  let objective: any Objective
  let decoder: any Decoder
  /// What draws the objective's negatives; nil where it has none.
  let sampler: (any NegativeSampler)?
  /// The weights of another run that training begins with; nil for fresh ones.
  let initial: InitialWeights?
  /// LoRA weights from elsewhere that the model has; nil for the base model.
  let adapter: PEFTAdapter?
  let trie: ItemTrie
  let statistics: TrainingStatistics
  /// What a reader of the results should know.
  let notices: [String]
  let registry: PluginRegistry
  private(set) var recommenders: RecommenderSource
  private(set) var preparations: PreparationSource
  private let resources: ResourceLocator?

  /// Loads everything; see ``Experiment/init(_:registry:resources:precisions:)``.
  init(
    _ description: RunDescription, registry: PluginRegistry, resources: ResourceLocator,
    precisions: [Precision] = Precision.available
  ) throws {
    try description.requireModel()
    let description = try description.resolvingPrecision(among: precisions)
    try self.init(
      description, registry: registry,
      dataset: resources.loadedDataset(description.dataset, registry: registry),
      model: resources.loadedOutline(description.model),
      precision: description.precision ?? .f32, resources: resources)
  }

  /// Makes plug-ins and trie for a data set and a model; without resources nothing is kept that is
  /// trained on the way.
  init(
    _ description: RunDescription, registry: PluginRegistry, dataset: Dataset, model: ModelOutline,
    precision: Precision, resources: ResourceLocator? = nil
  ) throws {
    self.description = description
    self.registry = registry
    self.precision = precision
    self.dataset = dataset
    self.model = model
    recommenders = RecommenderSource(
      description, dataset: dataset, registry: registry, resources: resources)
    preparations = PreparationSource(resources: resources)
    self.resources = resources
    backbone = try registry.backbones.find(description.backbone.name).init(
      description.backbone.values)
    objective = try registry.objective(named: description.objective.name).init(
      description.objective.values)
    decoder = try registry.decoders.find(description.decoder.name).init(description.decoder.values)
    sampler = try description.sampler.map {
      try registry.samplers.find($0.name).init($0.values)
    }
    initial = try description.initialRun.map {
      try InitialWeights(path: $0, for: description, registry: registry)
    }
    adapter = try description.adapterFolder.map { try PEFTAdapter(folder: $0) }
    _ = try adapter?.settings(for: model.shape)
    if adapter != nil, !backbone.trainsLanguageModel {
      throw PEFTError.frozenBackbone(name: description.backbone.name)
    }
    trie = try makeTrie(dataset.catalogue, backbone: backbone, encoder: model.encoder)
    statistics = TrainingStatistics(train: dataset.train, catalogue: dataset.catalogue)
    notices =
      dataset.notices + Self.notices(of: objective, initial: initial, adapter: adapter)
      + (try joinNotice(dataset: dataset, backbone: backbone, encoder: model.encoder, trie: trie))
    try requirePromptsFit()
  }

  /// The same inputs under a description that differs in the seed alone.
  func replacing(_ description: RunDescription) -> RunInputs {
    var copy = self
    copy.description = description
    copy.recommenders = recommenders.replacing(description)
    copy.preparations = PreparationSource(resources: resources)
    return copy
  }

  /// A window's prompt in tokens.
  func prompt(_ window: Window, stage: PromptStage) throws -> EncodedPrompt {
    model.encoder.encode(
      try backbone.prompt(
        history: window.history, catalogue: dataset.catalogue, phrases: dataset.phrases,
        stage: stage))
  }

  /// A training window as the trainer takes it.
  func sample(_ window: Window, stage: PromptStage) throws -> AnswerForest.Sample {
    AnswerForest.Sample(
      prompt: try prompt(window, stage: stage),
      historyFree: objective.needs.historyFree
        ? model.encoder.encode(
          backbone.promptWithoutHistory(phrases: dataset.phrases, stage: stage)) : nil,
      answers: [
        AnswerForest.Candidate(
          title: dataset.catalogue.titleNumber(of: window.target), role: .positive)
      ])
  }

  /// LoRA's settings: the adapter's where there is one, but for the dropout.
  var loraSettings: LoRASettings {
    get throws {
      let own = try description.loraSettings
      return try adapter?.settings(for: model.shape, dropout: own.dropout) ?? own
    }
  }

  /// Where what is computed once is kept; nil where nothing is.
  var cacheFolder: String? { resources?.cache }

  /// What training begins with and compares with, where that may be asked.
  private static func notices(
    of objective: any Objective, initial: InitialWeights?, adapter: PEFTAdapter?
  ) -> [String] {
    let weights =
      initial.map { "epoch \($0.epoch) of \($0.path)" }
      ?? adapter.map { "the adapter in \($0.folder)" }
    var beginning = weights.map { ["training begins with \($0)"] } ?? []
    if adapter != nil {
      beginning.append(
        "rank, alpha and targets of LoRA are the adapter's, not those of section lora")
    }
    guard objective.needs.reference == .initial else { return beginning }
    return beginning + ["the objective's reference is \(weights ?? "the frozen base model")"]
  }

  /// The first rows of test, as many as the description says.
  var testWindows: [Window] {
    get throws { Array(dataset.test.prefix(try description.evaluation["users"])) }
  }

  /// The first rows of validation, as many as the description says.
  var validationWindows: [Window] {
    get throws { Array(dataset.validation.prefix(try description.evaluation["users"])) }
  }

  /// The training windows of the run.
  var trainingWindows: [Window] {
    get throws { Array(dataset.trainSample.prefix(try description.training["samples"])) }
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
