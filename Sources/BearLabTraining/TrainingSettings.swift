public import BearLabNN

/// How a model is fine-tuned, but for the objective: section 0.3 of the method specification.
public struct TrainingSettings: Sendable, Hashable {
  public var epochs: Int
  /// Samples of one optimiser step.
  public var batchSize: Int
  /// The peak of the schedule.
  public var learningRate: Double
  public var schedule: LearningRateSchedule.Shape
  /// Steps of linear warm-up; nil for min(20, 10 % of the steps).
  public var warmupSteps: Int?
  /// The L2 norm that gradients are clipped to; nil for no clipping.
  public var clipNorm: Double?
  /// Over how many samples a loss is normalised; nil for the whole batch.
  public var normaliseGroup: Int?
  /// Samples whose activations are in memory at a time; nil for a whole normalise-group.
  ///
  /// Only time and memory depend on it.
  public var microBatch: Int?
  public var optimizer: AdamWSettings
  /// Of the order of samples and of dropout.
  public var seed: UInt64

  /// Creates settings.
  public init(
    epochs: Int = 1, batchSize: Int = 8, learningRate: Double = 1e-4,
    schedule: LearningRateSchedule.Shape = .linear, warmupSteps: Int? = nil,
    clipNorm: Double? = 1, normaliseGroup: Int? = nil, microBatch: Int? = nil,
    optimizer: AdamWSettings = AdamWSettings(), seed: UInt64 = 42
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.schedule = schedule
    self.warmupSteps = warmupSteps
    self.clipNorm = clipNorm
    self.normaliseGroup = normaliseGroup
    self.microBatch = microBatch
    self.optimizer = optimizer
    self.seed = seed
  }

  /// Optimiser steps of an epoch; the last one may be smaller.
  public func stepsPerEpoch(samples: Int) -> Int { (samples + batchSize - 1) / batchSize }

  /// The sample numbers of each step of an epoch, numbered from 0, in a random order.
  public func batches(sampleCount: Int, epoch: Int) -> [[Int]] {
    var random = CounterGenerator(key: CounterGenerator.mix(seed, UInt64(epoch)))
    let order = (0..<sampleCount).shuffled(using: &random)
    return order[...].parts(of: batchSize).map(Array.init)
  }

  /// What is in memory at a time of a step's samples, in order.
  public func microBatches<Sample>(of samples: [Sample]) -> [ArraySlice<Sample>] {
    samples[...].parts(of: normaliseGroup).flatMap { $0.parts(of: microBatch) }
  }
}

extension ArraySlice {
  /// Consecutive parts of `size` elements, the last one smaller; one part where `size` is nil.
  func parts(of size: Int?) -> [ArraySlice] {
    let size = Swift.max(size ?? count, 1)
    return stride(from: startIndex, to: endIndex, by: size).map { start in
      self[start..<Swift.min(start + size, endIndex)]
    }
  }
}

/// The learning rate of each step.
///
///     linear:  rate · k / warm-up                        for k < warm-up
///              rate · (steps − k) / (steps − warm-up)    after it
///
/// for step k from 0, as transformers' `get_linear_schedule_with_warmup`.
public struct LearningRateSchedule: Sendable, Hashable {
  /// How the rate moves over the steps.
  public enum Shape: String, Sendable, CaseIterable {
    case linear
    case constant
  }

  private let shape: Shape
  private let peak: Double
  private let warmupSteps: Int
  private let totalSteps: Int

  /// The schedule of a training of `totalSteps` steps.
  public init(_ settings: TrainingSettings, totalSteps: Int) {
    shape = settings.schedule
    peak = settings.learningRate
    self.totalSteps = totalSteps
    warmupSteps = settings.warmupSteps ?? min(20, totalSteps / 10)
  }

  /// The rate of a step, numbered from 0.
  public func rate(step: Int) -> Double {
    guard shape == .linear else { return peak }
    if step < warmupSteps { return peak * Double(step) / Double(warmupSteps) }
    return peak * Double(max(totalSteps - step, 0)) / Double(max(totalSteps - warmupSteps, 1))
  }
}
