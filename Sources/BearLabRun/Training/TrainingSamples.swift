internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN
internal import BearLabTraining
internal import Foundation

/// The training windows of a run as the trainer takes them: prompts, negatives and what the reference
/// makes of them.
final class TrainingSamples {
  private let experiment: Experiment
  private let windows: [Window]
  private let needs: ObjectiveNeeds
  private let source: NegativeSource?
  private let folder: RunFolder?
  private let interruption: Interruption
  private let observer: (RunEvent) -> Void
  private var negatives: [[AnswerForest.Candidate.Text]] = []
  /// The samples with all answers, by stage; emptied when negatives are drawn anew.
  private var known: [PromptStage: [AnswerForest.Sample]] = [:]
  /// What scores the answers, where the objective asks for that.
  private let recommender: (any FittedRecommender)?

  /// Prepares the samples of a training.
  ///
  /// - Parameters:
  ///   - experiment: the run.
  ///   - windows: what is trained on.
  ///   - needs: the objective's, before training.
  ///   - folder: where negatives that depend on the weights are kept, and later epochs' checkpoints
  ///     are; nil for one epoch of which nothing is kept.
  ///   - interruption: asked while negatives or references are computed.
  ///   - observer: told of that.
  /// - Throws: what the sampler's needs throw.
  init(
    _ experiment: Experiment, _ windows: [Window], needs: ObjectiveNeeds,
    folder: RunFolder? = nil, interruption: Interruption = Interruption(),
    observer: @escaping (RunEvent) -> Void = { _ in }
  ) throws {
    self.experiment = experiment
    self.needs = needs
    self.folder = folder
    self.interruption = interruption
    self.observer = observer
    self.windows = windows
    source = try NegativeSource(experiment, windows, needs: needs, folder: folder)
    recommender = needs.recommender ? try experiment.recommenders.trained()?.fitted : nil
  }

  var count: Int { windows.count }

  /// Sees to the negatives and the reference of an epoch, numbered from 0.
  ///
  /// What is drawn and compared with is the same whether the epoch begins or is continued.
  func beginEpoch(_ epoch: Int, _ trainer: Trainer) throws {
    if let source, negatives.isEmpty || source.isDue(epoch: epoch) {
      let progress = progress("negatives of epoch \(epoch + 1)")
      negatives = try source.draw(
        epoch: epoch,
        weights: { TrainedWeights(adapter: trainer.adapter, injector: trainer.injector) },
        progress: progress)
      known = [:]
    }
    try setReference(of: trainer, epoch: epoch)
  }

  private func setReference(of trainer: Trainer, epoch: Int) throws {
    switch trainer.objective.needs.reference {
    case nil: return
    case .initial: trainer.reference = try experiment.initialReference()
    case .epochStart:
      let path = epoch > 0 ? folder?.checkpointPath(epoch: epoch) : nil
      trainer.reference =
        try path.map(experiment.reference) ?? experiment.initialReference()
    }
    let kept: String = try experiment.description.training["reference"]
    if needs.reference == .initial, source?.dependsOnBatch != true, kept == "cached" {
      try fillReference(trainer)
    }
  }

  /// Computes the reference of all samples before the first step, or reads it.
  private func fillReference(_ trainer: Trainer) throws {
    guard let reference = trainer.reference,
      known[.training]?.first?.answers.first?.referenceLogProbability == nil
    else { return }
    var samples = try self.samples(.training)
    try experiment.referenceCache(needs.columns).fill(
      &samples, reference: reference, model: experiment.loaded.model,
      layout: { [trie = experiment.trie, needs] in
        AnswerForest($0, trie: trie, columns: needs.columns)
      }, progress: progress("reference"))
    known[.training] = samples
  }

  /// The samples of a step.
  func batch(_ places: [Int], stage: PromptStage, step: Int) throws -> [AnswerForest.Sample] {
    let samples = try samples(stage)
    guard let source, source.dependsOnBatch else { return places.map { samples[$0] } }
    let drawn = try source.draw(batch: places, step: step)
    return try zip(places, drawn).map { place, negatives in
      var sample = samples[place]
      let answers = negatives.map { AnswerForest.Candidate(text: $0, role: .negative) }
      sample.answers += try scored(answers, of: place)
      return sample
    }
  }

  private func samples(_ stage: PromptStage) throws -> [AnswerForest.Sample] {
    if let samples = known[stage] { return samples }
    let samples = try windows.indices.map { try sample($0, stage) }
    known[stage] = samples
    return samples
  }

  /// A window with its answers, but for negatives that depend on the batch.
  private func sample(_ place: Int, _ stage: PromptStage) throws -> AnswerForest.Sample {
    let plain = try experiment.sample(windows[place], stage: stage)
    let negatives = negatives.isEmpty ? [] : negatives[place]
    let answers = plain.answers + negatives.map { .init(text: $0, role: .negative) }
    return AnswerForest.Sample(
      prompt: plain.prompt, historyFree: plain.historyFree,
      answers: try scored(answers, of: place))
  }

  /// The answers with what the recommender thinks of them, where it is asked.
  private func scored(
    _ answers: [AnswerForest.Candidate], of place: Int
  ) throws -> [AnswerForest.Candidate] {
    guard let recommender else { return answers }
    let items = try recommender.scores(history: windows[place].history)
    return answers.scored(experiment.dataset.catalogue.titleScores(ofItems: items))
  }

  /// Tells of a stage when its first progress comes: what is read from a file is no stage.
  private func progress(_ stage: String) -> (Int) throws -> Void {
    var began = false
    return { [windows, observer, interruption, folder] done in
      if !began {
        observer(.began(stage: stage, done: 0, total: windows.count, unit: "samples"))
        began = true
      }
      observer(.progress(done: done, detail: ""))
      if let folder { try interruption.check(run: folder.path) }
    }
  }
}

extension Experiment {
  /// The weights that training begins with, as what answers are compared with.
  func initialReference() throws -> ReferenceWeights {
    guard let initial = inputs.initial else {
      return ReferenceWeights(
        adapter: inputs.adapter == nil ? nil : try makeAdapter(),
        injector: try makeInjector { _ in })
    }
    let (adapter, injector) = (try makeAdapter(), try makeInjector { _ in })
    try initial.restore(adapter, injector)
    return ReferenceWeights(adapter: adapter, injector: injector)
  }

  /// The weights of a checkpoint, as what answers are compared with.
  func reference(checkpoint path: String) throws -> ReferenceWeights {
    let (adapter, injector) = (try makeAdapter(), try makeInjector { _ in })
    try TrainingCheckpoint(readingFrom: path).restore(adapter, injector)
    return ReferenceWeights(adapter: adapter, injector: injector)
  }

  /// Where the reference's log-probabilities are kept.
  ///
  /// - Parameter columns: those of the soft-max.
  /// - Returns: the cache of this run's reference.
  /// - Throws: where sentence encoder or recommender cannot be read.
  func referenceCache(_ columns: ObjectiveNeeds.Columns) throws -> ReferenceCache {
    let parts = [
      "reference of bear-lab \(BearLab.version), 2",
      columns == .children ? "children" : "vocabulary", modelHash ?? "",
      inputs.initial?.hash ?? inputs.adapter?.hash ?? "base", loaded.model.precision.rawValue,
      "\(dataset.fileHashes.sorted { $0.key < $1.key })", description.backbone.name,
      RecommenderIdentity.lines(description.backbone.values), try encoderHash ?? "",
      // What fills slots is made of these.
      inputs.initial == nil && backbone.needs != BackboneNeeds()
        ? "\(try description.seed) \(try recommenders.trained()?.file?.hash ?? "")" : "",
    ]
    return ReferenceCache(cache: inputs.cacheFolder, identity: parts.joined(separator: "\n"))
  }

  /// `[titles]`: what the base model makes of each title alone.
  func titleEmbeddings() throws -> [[Float]] {
    let scorer = LanguageModelScorer(
      model: loaded.model, adapter: nil, trie: trie, constraint: .before, prompts: [])
    let begin = loaded.encoder.bosToken.map { [$0] } ?? []
    return try scorer.embeddings(
      of: dataset.catalogue.titles.indices.map { begin + trie.tokens(of: $0).dropLast() })
  }
}

extension [AnswerForest.Candidate] {
  /// The same with their titles' scores; what is no title is worth no more than the worst of them.
  fileprivate func scored(_ scores: [Float]) -> [AnswerForest.Candidate] {
    let least = scores.min()
    return map { answer in
      switch answer.text {
      case .title(let title): answer.with(recommenderScore: scores[title])
      case .tokens: answer.with(recommenderScore: least)
      }
    }
  }
}
