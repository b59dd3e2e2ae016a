public import BearLabCore
public import BearLabLanguageModel
internal import BearLabTensor
internal import BearLabTraining

/// Times training steps of a model of given sizes with random weights, and measures their memory.
public struct ShapeBench {
  /// What a step is made of.
  public struct Sizes: Sendable, Equatable {
    /// Of each prompt, what all share included.
    let promptTokens: Int
    /// Of each answer; there is a choice at every one.
    let answerTokens: Int
    /// The first tokens of every prompt that are the same.
    let sharedTokens: Int
    /// Samples of a step.
    let batchSize: Int
    /// Steps that are timed.
    let steps: Int

    /// Takes the sizes.
    ///
    /// - Throws: ``BenchError/badSize(_:_:range:)`` for one that makes no step.
    public init(
      promptTokens: Int, answerTokens: Int, sharedTokens: Int, batchSize: Int, steps: Int
    ) throws(BenchError) {
      self.promptTokens = promptTokens
      self.answerTokens = answerTokens
      self.sharedTokens = sharedTokens
      self.batchSize = batchSize
      self.steps = steps
      for (name, value, range) in [
        ("prompt-tokens", promptTokens, 1...1_000_000),
        ("answer-tokens", answerTokens, 1...100_000),
        ("shared-tokens", sharedTokens, 0...max(promptTokens, 0)),
        ("batch-size", batchSize, 1...100_000), ("steps", steps, 1...100_000),
      ] where !range.contains(value) {
        throw .badSize(name, value, range: range)
      }
    }
  }

  private let shape: LanguageModelShape
  private let tiedHead: Bool
  private let sizes: Sizes
  private let description: RunDescription
  private let registry: PluginRegistry
  private let now: () -> Duration

  /// Prepares a bench.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the model.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - sizes: what a step is made of.
  ///   - description: objective, LoRA, precision, limit of memory and seed.
  ///   - registry: the objectives.
  public init(
    shape: LanguageModelShape, tiedHead: Bool, sizes: Sizes, description: RunDescription,
    registry: PluginRegistry
  ) {
    let start = ContinuousClock.now
    self.init(
      shape: shape, tiedHead: tiedHead, sizes: sizes, description: description,
      registry: registry
    ) { ContinuousClock.now - start }
  }

  /// `now` is called right before and right after each timed step, and nowhere else.
  init(
    shape: LanguageModelShape, tiedHead: Bool, sizes: Sizes, description: RunDescription,
    registry: PluginRegistry, now: @escaping () -> Duration
  ) {
    self.shape = shape
    self.tiedHead = tiedHead
    self.sizes = sizes
    self.description = description
    self.registry = registry
    self.now = now
  }

  /// Draws the model, and times steps after one that is not timed.
  ///
  /// - Parameter observer: told of the drawing and of each step before it.
  /// - Returns: the figures, the predicted memory among them.
  /// - Throws: `LanguageModelError` for a limit that cannot be kept, before anything is drawn; what
  ///   the trainer throws.
  public func run(observer: (String) -> Void = { _ in }) throws -> BenchReport {
    let description = try description.resolvingPrecision()
    let seed = try description.seed
    let objective = try registry.objective(named: description.objective.name).init(
      description.objective.values)
    let data = try SyntheticAnswers(sizes, vocabularySize: shape.vocabularySize, seed: seed)
    let plan = try plan(data, description, objective: objective)
    observer("drawing the weights")
    let model = try LanguageModel(
      randomOf: shape, tiedHead: tiedHead, precision: try description.precision ?? .f32,
      seed: seed)
    model.memoryLimit = try description.memoryLimit
    model.otherBytes = plan.baseBytes
    let trainer = try trainer(model, data, description, objective: objective)
    let batches = try (0...sizes.steps).map { step in
      observer(step == 0 ? "warm-up" : "step \(step) of \(sizes.steps)")
      return try time(trainer, data.samples(ofStep: step), isTimed: step > 0)
    }.compactMap { $0 }
    return BenchReport(
      work: .train, facts: try facts(description, plan), batches: batches,
      peakBytes: Machine.peakBytes, predictedBytes: plan.peakBytes)
  }

  private func plan(
    _ data: SyntheticAnswers, _ description: RunDescription, objective: any Objective
  ) throws -> RunPlan {
    let forests = (0...sizes.steps).map { step in
      AnswerForest(data.samples(ofStep: step), trie: data.trie, columns: objective.needs.columns)
    }
    return try RunPlan(
      shape: shape, tiedHead: tiedHead, rows: forests.map(\.nodeCount).max() ?? 0,
      outputs: forests.map(\.outputCount).max() ?? 0,
      head: objective.needs.columns.head, description: description)
  }

  private func trainer(
    _ model: LanguageModel, _ data: SyntheticAnswers, _ description: RunDescription,
    objective: any Objective
  ) throws -> Trainer {
    let adapter = model.makeAdapter(try description.loraSettings, seed: try description.seed)
    // The whole step at once, whatever the description says of a run's batches.
    var settings = try description.trainingSettings
    settings.batchSize = sizes.batchSize
    let trainer = Trainer(
      model: model, adapter: adapter, objective: objective, trie: data.trie, settings: settings,
      totalSteps: sizes.steps + 1)
    try trainer.prepareObjective(
      ObjectiveContext(
        catalogue: data.catalogue, trie: data.trie,
        targetCounts: [Int](repeating: 1, count: data.trie.titleCount),
        totalSteps: sizes.steps + 1))
    try trainer.beginEpoch(0)
    return trainer
  }

  private func time(
    _ trainer: Trainer, _ samples: [AnswerForest.Sample], isTimed: Bool
  ) throws -> BenchReport.Batch? {
    guard isTimed else {
      _ = try trainer.step(samples)
      return nil
    }
    let began = now()
    let computed = try trainer.step(samples).tokens
    return BenchReport.Batch(
      rows: samples.count, seconds: (now() - began).seconds,
      tokens: samples.count * (sizes.promptTokens + sizes.answerTokens), computedTokens: computed)
  }

  private func facts(_ description: RunDescription, _ plan: RunPlan) throws -> [String: JSONScalar]
  {
    [
      "bear_lab": .text(BearLab.version), "engine": .text(MatrixEngine.name),
      "precision": .text(plan.precision.rawValue),
      "instruction_set": .text(Compute.instructionSet), "threads": .integer(Compute.threads),
      "objective": .text(description.objective.name), "batch_size": .integer(sizes.batchSize),
      "seed": .integer(try description.general["seed"]),
      "layers": .integer(shape.layerCount), "width": .integer(shape.width),
      "heads": .integer(shape.headCount), "kv_heads": .integer(shape.kvHeadCount),
      "head_width": .integer(shape.headWidth), "feed_forward": .integer(shape.feedForwardWidth),
      "vocabulary": .integer(shape.vocabularySize), "tied_head": .text(tiedHead ? "yes" : "no"),
      "memory_limit": .integer(plan.limit),
      "layers_computed_again": .integer(plan.stages.last?.memory.recomputedLayers ?? 0),
    ]
  }
}
