public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor

/// Fine-tunes a model's adapter with an objective, a step at a time.
public final class Trainer {
  public let model: LanguageModel
  public let adapter: LoRAAdapter
  public let settings: TrainingSettings
  public private(set) var objective: any Objective
  public let optimizer: AdamW
  private let trie: ItemTrie
  private let schedule: LearningRateSchedule

  /// Prepares a training of `totalSteps` steps.
  public init(
    model: LanguageModel, adapter: LoRAAdapter, objective: any Objective, trie: ItemTrie,
    settings: TrainingSettings, totalSteps: Int
  ) throws(TrainingError) {
    guard objective.needs.others == .none, !objective.needs.reference else {
      throw .unsupportedNeeds(objective: "\(type(of: objective))")
    }
    self.model = model
    self.adapter = adapter
    self.objective = objective
    self.trie = trie
    self.settings = settings
    schedule = LearningRateSchedule(settings, totalSteps: totalSteps)
    optimizer = AdamW(parameters: adapter.parameters, settings: settings.optimizer)
  }

  /// The samples of each step of an epoch: a permutation that depends on seed and epoch alone.
  public func batches(sampleCount: Int, epoch: Int) -> [[Int]] {
    var random = CounterGenerator(key: CounterGenerator.mix(settings.seed, UInt64(epoch)))
    let order = (0..<sampleCount).shuffled(using: &random)
    return stride(from: 0, to: sampleCount, by: settings.batchSize).map { start in
      Array(order[start..<min(start + settings.batchSize, sampleCount)])
    }
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
  /// The loss is the mean over the normalise-groups of sum / weight; the gradient norm is taken
  /// before clipping.
  ///
  /// - Throws: ``TrainingError/notFinite(step:quantity:)``, and what model and objective throw.
  public func step(_ samples: [AnswerForest.Sample]) throws -> StepReport {
    let groups = split(samples)
    let dropout = DropoutKey(seed: settings.seed, step: optimizer.step)
    var loss = 0.0
    var tokens = 0
    // What one group teaches must not change the loss of the next.
    var taught = objective
    for group in groups {
      let answers = AnswerForest(group, trie: trie, columns: objective.needs.columns)
      let batch = try answers.batch(model: model, adapter: adapter, dropout: dropout)
      let terms = try objective.loss(batch)
      let weight = Double(terms.weight.scalars[0])
      if weight != 0 {
        loss += Double(terms.sum.scalars[0]) / weight / Double(groups.count)
        terms.sum.backward(seed: Float(1 / (weight * Double(groups.count))))
      }
      try taught.stepEnded(batch)
      tokens += answers.nodeCount
    }
    let step = optimizer.step
    let norm = optimizer.gradientNorm
    guard loss.isFinite else { throw TrainingError.notFinite(step: step, quantity: "loss") }
    guard norm.isFinite else {
      throw TrainingError.notFinite(step: step, quantity: "gradient norm")
    }
    let rate = schedule.rate(step: step)
    let clipping = settings.clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
    optimizer.update(learningRate: rate, gradientScale: clipping)
    objective = taught
    return StepReport(
      step: step, loss: loss, gradientNorm: norm, learningRate: rate, samples: samples.count,
      tokens: tokens)
  }

  private func split(_ samples: [AnswerForest.Sample]) -> [[AnswerForest.Sample]] {
    let size = settings.normaliseGroup ?? samples.count
    return stride(from: 0, to: samples.count, by: max(size, 1)).map { start in
      Array(samples[start..<min(start + size, samples.count)])
    }
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
  case unsupportedNeeds(objective: String)
  case notFinite(step: Int, quantity: String)

  public var description: String {
    switch self {
    case .unsupportedNeeds(let objective):
      "\(objective) asks for negatives, beams or a reference"
    case .notFinite(let step, let quantity): "the \(quantity) of step \(step) is not finite"
    }
  }

  public var remedy: String {
    switch self {
    case .unsupportedNeeds: "use an objective of the positive answer alone: sft, msl or bear"
    case .notFinite: "lower the learning rate, or raise the temperature of the objective"
    }
  }
}
