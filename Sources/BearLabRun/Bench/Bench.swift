public import BearLabCore
internal import BearLabLanguageModel
internal import BearLabTensor
internal import BearLabTraining

/// Times the work of a run, without its folder: training steps with fresh LoRA weights, or searches
/// with the base model.
///
/// The first rows of the data set are timed, in their order. One batch before them is not: the rows
/// behind the timed ones, or the first rows again where there are no more.
public struct Bench {
  /// What can be told a bench besides the description of a run.
  public static let parameters: [Parameter] = [
    .integer("steps", default: 8, in: 1..., unit: "steps", "optimiser steps that are timed"),
    .integer("users", default: 32, in: 1..., unit: "users", "users that are timed"),
  ]

  private let experiment: Experiment
  private let settings: ParameterValues
  private let now: () -> Duration
  /// Whether the report says where the time went.
  public var profiles = false

  /// Prepares a bench.
  ///
  /// - Parameters:
  ///   - experiment: whose objective, decoder, data set and model are timed.
  ///   - settings: values of ``parameters``.
  public init(_ experiment: Experiment, settings: ParameterValues) {
    let start = ContinuousClock.now
    self.init(experiment, settings: settings) { ContinuousClock.now - start }
  }

  /// `now` is called right before and right after each timed batch, and nowhere else.
  init(_ experiment: Experiment, settings: ParameterValues, now: @escaping () -> Duration) {
    self.experiment = experiment
    self.settings = settings
    self.now = now
  }

  /// Times optimiser steps: forward, backward and update.
  ///
  /// - Throws: ``BenchError``, and what the trainer throws.
  public func train() throws -> BenchReport {
    let trainer = try experiment.makeTrainer(injector: experiment.makeInjector { _ in })
    try trainer.beginEpoch(0)
    let steps: Int = try settings["steps"]
    let size = trainer.settings.batchSize
    guard steps <= experiment.dataset.trainSample.count / size else {
      throw BenchError.tooFewTrainingRows(
        steps: steps, batchSize: size, available: experiment.dataset.trainSample.count)
    }
    let rows = BenchRows(experiment.dataset.trainSample, timed: steps * size, batchSize: size)
    let samples = try TrainingSamples(
      experiment, rows.warmUp + rows.batches.joined(), needs: experiment.objective.needs)
    try samples.beginEpoch(0, trainer)
    var place = 0
    let batches = try measure(
      rows, stage: .training,
      prepare: { windows in
        defer { place += windows.count }
        return try samples.batch(
          Array(place..<place + windows.count), stage: .training, step: trainer.optimizer.step)
      }, run: { try trainer.step($0).tokens })
    return try report(.train, batches, batchSize: size)
  }

  /// Times searches: from the tokens of the prompts to the ranked lists.
  ///
  /// - Throws: ``BenchError``, and what model and decoder throw.
  public func decode() throws -> BenchReport {
    let users: Int = try settings["users"]
    let size: Int = try experiment.description.evaluation["batch-size"]
    guard users <= experiment.dataset.test.count else {
      throw BenchError.tooFewTestRows(wanted: users, available: experiment.dataset.test.count)
    }
    let rows = BenchRows(experiment.dataset.test, timed: users, batchSize: size)
    var scorer = LanguageModelScorer(
      model: experiment.loaded.model, adapter: nil, trie: experiment.trie,
      constraint: experiment.constraint, prompts: [])
    var decoder = experiment.decoder
    try decoder.prepare(experiment.decoderContext, scorer: &scorer)
    let injector = try experiment.makeInjector { _ in }
    let batches = try measure(
      rows, stage: .inference,
      prepare: { try $0.map { try experiment.prompt($0, stage: .inference) } },
      run: { prompts in
        // In a run a vector is computed once for all batches; here all are counted.
        var vectors = injector.map { SlotVectors($0) }
        scorer.restart(
          prompts: prompts.map(\.elements), injected: try vectors?.injected(for: prompts))
        _ = try decoder.search(
          prompts: prompts.count, in: experiment.trie, scorer: &scorer)
        return scorer.nodeCount
      })
    return try report(.decode, batches, batchSize: size)
  }

  /// Runs the warm-up, then times each batch; `run` gives the number of tokens it computed.
  private func measure<Input>(
    _ rows: BenchRows, stage: PromptStage, prepare: ([Window]) throws -> [Input],
    run: ([Input]) throws -> Int
  ) throws -> [BenchReport.Batch] {
    _ = try run(prepare(rows.warmUp))
    if profiles { Profile.begin() }
    return try rows.batches.map { windows in
      let inputs = try prepare(windows)
      let began = now()
      let computed = try run(inputs)
      let seconds = (now() - began).seconds
      return BenchReport.Batch(
        rows: windows.count, seconds: seconds,
        tokens: try windows.reduce(0) { try $0 + tokenCount($1, stage: stage) },
        computedTokens: computed)
    }
  }

  /// The tokens of a row's prompt and of its right answer, EOS included.
  private func tokenCount(_ window: Window, stage: PromptStage) throws -> Int {
    let leaf = experiment.trie.leaf(of: experiment.dataset.catalogue.titleNumber(of: window.target))
    return try experiment.prompt(window, stage: stage).elements.count
      + experiment.trie.path(to: leaf).count
  }

  private func report(
    _ work: BenchReport.Work, _ batches: [BenchReport.Batch], batchSize: Int
  ) throws -> BenchReport {
    var facts: [String: JSONScalar] = [
      "bear_lab": .text(BearLab.version), "engine": .text(MatrixEngine.name),
      "precision": .text(experiment.loaded.model.precision.rawValue),
      "instruction_set": .text(Compute.instructionSet), "threads": .integer(Compute.threads),
      "batch_size": .integer(batchSize),
      "dataset": .text(experiment.description.dataset),
      "model": .text(experiment.description.model),
      "backbone": .text(experiment.description.backbone.name),
      "objective": .text(experiment.description.objective.name),
    ]
    switch work {
    case .train:
      let seed: Int = try experiment.description.general["seed"]
      facts["seed"] = .integer(seed)
    case .decode:
      facts["decoder"] = .text(experiment.description.decoder.name)
      facts["constraint"] = .text(experiment.constraint.rawValue)
    }
    let profile = profiles ? BenchProfile(Profile.end(), batches: batches) : nil
    return BenchReport(
      work: work, facts: facts, batches: batches, peakBytes: Machine.peakBytes, profile: profile)
  }
}

/// The rows of a bench: which are timed, in which batches, and which come before.
struct BenchRows {
  /// The first rows, in their order; the last batch may be smaller.
  let batches: [[Window]]
  /// A batch of the rows behind the timed ones; the first rows again where they end.
  let warmUp: [Window]

  /// Takes the first `timed` rows, of which there must be as many.
  init(_ rows: [Window], timed: Int, batchSize: Int) {
    precondition(0 < timed && timed <= rows.count, "\(timed) of \(rows.count) rows")
    batches = stride(from: 0, to: timed, by: batchSize).map { start in
      Array(rows[start..<min(start + batchSize, timed)])
    }
    // No row twice: it would cost nothing.
    warmUp = (timed..<timed + min(batchSize, rows.count)).map { rows[$0 % rows.count] }
  }
}

/// Why nothing can be timed.
public enum BenchError: BearLabError, Equatable {
  case tooFewTrainingRows(steps: Int, batchSize: Int, available: Int)
  case tooFewTestRows(wanted: Int, available: Int)
  case tooFewWords(Int, needed: Int)
  case badSize(String, Int, range: ClosedRange<Int>)
  case workFailed(command: String, status: Int)
  case unreadableResults(path: String, reason: String)
  case unwritableResults(path: String, reason: String)

  public var description: String {
    switch self {
    case .tooFewTrainingRows(let steps, let batchSize, let available):
      "\(steps) steps of \(batchSize) rows are more than the \(available) training rows"
    case .tooFewTestRows(let wanted, let available):
      "\(wanted) users are more than the \(available) test rows"
    case .tooFewWords(let words, let needed):
      "the model's vocabulary has \(words) words of ASCII letters; titles are made of \(needed) or more"
    case .badSize(let name, let value, _): "--\(name) cannot be \(value)"
    case .workFailed(let command, let status):
      "'\(command)' ended with exit status \(status); what it says is above"
    case .unreadableResults(let path, let reason): "\(path) cannot be read: \(reason)"
    case .unwritableResults(let path, let reason): "\(path) cannot be written: \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .tooFewTrainingRows(_, _, let available):
      "give --steps and --batch-size with a product of at most \(available)"
    case .tooFewTestRows(_, let available): "give --users at most \(available)"
    case .tooFewWords: "use a model whose vocabulary has words in Latin letters"
    case .badSize(_, _, let range):
      "give a number from \(range.lowerBound) to \(range.upperBound)"
    case .workFailed: "run that command alone, and follow its advice"
    case .unreadableResults: "give a file that bench all --json wrote"
    case .unwritableResults: "give a file in a folder that is there and may be written to"
    }
  }
}
