public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor

/// Fine-tunes a model's adapter with an objective, a step at a time.
public final class Trainer {
  public let model: LanguageModel
  public let adapter: LoRAAdapter
  /// What fills the slots of prompts, and is trained with LoRA; nil without slots.
  public let injector: (any Injector)?
  public let settings: TrainingSettings
  public private(set) var objective: any Objective
  /// What answers are compared with, where the objective needs that and the samples do not say it.
  public var reference: ReferenceWeights?
  public let optimizer: AdamW
  private let trie: ItemTrie
  private let schedule: LearningRateSchedule

  /// Prepares a training of `totalSteps` steps.
  public init(
    model: LanguageModel, adapter: LoRAAdapter, injector: (any Injector)? = nil,
    objective: any Objective, trie: ItemTrie, settings: TrainingSettings, totalSteps: Int
  ) {
    self.model = model
    self.adapter = adapter
    self.injector = injector
    self.objective = objective
    self.trie = trie
    self.settings = settings
    schedule = LearningRateSchedule(settings, totalSteps: totalSteps)
    let injected = (injector?.trainable ?? []).map { ("backbone/\($0.name)", $0.tensor) }
    optimizer = AdamW(
      parameters: adapter.parameters + injected, settings: settings.optimizer)
  }

  /// The samples of each step of an epoch: a permutation that depends on seed and epoch alone.
  public func batches(sampleCount: Int, epoch: Int) -> [[Int]] {
    settings.batches(sampleCount: sampleCount, epoch: epoch)
  }

  /// Tells the objective of an epoch's start.
  public func beginEpoch(_ epoch: Int) throws { try objective.epochBegins(epoch) }

  /// Tells the objective of the catalogue and the training statistics.
  public func prepareObjective(_ context: ObjectiveContext) throws {
    try objective.prepare(context)
  }

  /// Puts the objective back to a state that it had after a step.
  public func restoreObjective(_ state: [String: Double]) { objective.state = state }

  /// One optimiser step.
  ///
  /// The samples are cut into normalise-groups, and these into micro-batches, of which one at a time
  /// is in memory. The loss is the mean over the groups, as is the gradient:
  ///
  ///     L = Σ_g (Σ_m sum_gm / Σ_m weight_gm) / groups
  ///
  /// A group of weight 0 adds nothing. The gradient norm is taken before clipping.
  ///
  /// - Throws: ``TrainingError/notFinite(step:quantity:)``, and what model and objective throw;
  ///   weights, optimiser and objective are then as before.
  public func step(_ samples: [AnswerForest.Sample]) throws -> StepReport {
    do {
      return try takeStep(samples)
    } catch {
      optimizer.abandonStep()
      throw error
    }
  }

  private func takeStep(_ samples: [AnswerForest.Sample]) throws -> StepReport {
    // What a step teaches the objective must not change the losses of the same step.
    var taught = objective
    let groups = samples[...].parts(of: settings.normaliseGroup)
    var loss = 0.0
    var tokens = 0
    for group in groups {
      let total = try addGradients(of: group, teaching: &taught)
      tokens += total.tokens
      if total.weight == 0 {
        optimizer.discardGradients()
      } else {
        loss += total.sum / total.weight / Double(groups.count)
        optimizer.gatherGradients(scale: 1 / (total.weight * Double(groups.count)))
      }
    }
    let step = optimizer.step
    let norm = optimizer.gradientNorm
    guard loss.isFinite else { throw TrainingError.notFinite(step: step, quantity: "loss") }
    guard norm.isFinite else {
      throw TrainingError.notFinite(step: step, quantity: "gradient norm")
    }
    try taught.stepEnded()
    let rate = schedule.rate(step: step)
    let clipping = settings.clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
    optimizer.update(learningRate: rate, gradientScale: clipping)
    objective = taught
    return StepReport(
      step: step, loss: loss, gradientNorm: norm, learningRate: rate, samples: samples.count,
      tokens: tokens)
  }

  /// Sum, weight and tokens of some samples.
  private struct Total {
    var sum = 0.0
    var weight = 0.0
    var tokens = 0
  }

  /// Adds the gradient of a group's summed loss to the adapter's, a micro-batch at a time.
  private func addGradients(
    of group: ArraySlice<AnswerForest.Sample>, teaching taught: inout any Objective
  ) throws -> Total {
    let dropout = DropoutKey(seed: settings.seed, step: optimizer.step)
    var total = Total()
    for samples in group.parts(of: settings.microBatch) {
      let answers = try forest(of: samples)
      let batch = try answers.batch(
        model: model, adapter: adapter, dropout: dropout,
        injected: try injector?.injected(for: answers.slots), beamWidth: objective.needs.beamWidth)
      let terms = try objective.loss(batch)
      terms.sum.backward()
      try taught.observe(batch)
      total.sum += Double(terms.sum.scalars[0])
      total.weight += Double(terms.weight.scalars[0])
      total.tokens += answers.nodeCount
    }
    return total
  }

  /// The samples as the objective wants them at this time.
  private func forest(of samples: ArraySlice<AnswerForest.Sample>) throws -> AnswerForest {
    let needs = objective.needs
    let wanted = samples.map { sample in
      AnswerForest.Sample(
        prompt: sample.prompt, historyFree: needs.historyFree ? sample.historyFree : nil,
        answers: sample.answers.filter { $0.role == .positive || needs.negatives != nil })
    }
    var answers = AnswerForest(wanted, trie: trie, columns: needs.columns)
    if needs.reference != nil, !answers.hasReference {
      guard let reference else {
        throw TrainingError.noReference(objective: "\(type(of: objective))")
      }
      answers.setReference(try reference.logProbabilities(of: answers, model: model))
    }
    return answers
  }
}

/// The frozen weights that an objective compares its answers with.
public struct ReferenceWeights {
  private let adapter: LoRAAdapter?
  private let injector: (any Injector)?

  /// Takes a copy of an adapter's weights, nil for the base model, and an injector that is left as it
  /// is.
  public init(adapter: LoRAAdapter?, injector: (any Injector)? = nil) {
    self.adapter = adapter?.frozen()
    self.injector = injector
  }

  /// `[answers]`: the log-probability of each answer behind its prompt, without dropout, in nats.
  ///
  /// - Throws: what model and injector throw.
  public func logProbabilities(
    of answers: AnswerForest, model: LanguageModel
  ) throws -> [Float] {
    try answers.logProbabilities(
      model: model, adapter: adapter, injected: try injector?.constants(for: answers.slots))
  }
}

/// What one optimiser step did.
public struct StepReport: Sendable, Equatable {
  /// From 0.
  public let step: Int
  /// In nats, normalised.
  public let loss: Double
  /// L2, before clipping.
  public let gradientNorm: Double
  public let learningRate: Double
  public let samples: Int
  /// Tokens computed, shared prefixes once.
  public let tokens: Int
}

/// Why a training cannot go on.
public enum TrainingError: BearLabError, Equatable {
  case noReference(objective: String)
  case notFinite(step: Int, quantity: String)

  public var description: String {
    switch self {
    case .noReference(let objective):
      "\(objective) compares answers with a reference, and there is none"
    case .notFinite(let step, let quantity): "the \(quantity) of step \(step) is not finite"
    }
  }

  public var remedy: String {
    switch self {
    case .noReference: "set the trainer's reference, or the samples' reference log-probabilities"
    case .notFinite: "lower the learning rate, or raise the temperature of the objective"
    }
  }
}
