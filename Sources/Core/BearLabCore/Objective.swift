public import BearLabTensor

/// What fine-tuning minimises.
///
/// An objective says which answers it wants scored behind a prompt, and turns their logits into a
/// sum and a weight. Both are additive over samples: the trainer divides the summed gradient by the
/// weight of the whole normalise-group, so micro-batches change nothing.
///
/// Contract, checked by `BearLabTestSupport`: the loss of two samples together equals the sum of
/// their losses; a forced token (one child) contributes no gradient where `columns` is
/// `.children`; the gradient is the derivative of the value, but for what is documented as constant.
public protocol Objective: Plugin {
  /// What the trainer must compute for this objective.
  var needs: ObjectiveNeeds { get }
  /// The loss of some samples.
  ///
  /// - Returns: a sum in nats and its weight, on the tape.
  func loss(_ batch: AnswerBatch) throws -> LossTerms
  /// Told once, before training: the catalogue and the training statistics.
  mutating func prepare(_ context: ObjectiveContext) throws
  /// Told at the start of every epoch, numbered from 0.
  mutating func epochBegins(_ epoch: Int) throws
  /// Shown every sample of a step, a micro-batch at a time, after its loss was computed.
  ///
  /// What is gathered here must be additive over samples, and must not change ``loss(_:)`` before
  /// ``stepEnded()``: how a step is cut into micro-batches changes nothing.
  mutating func observe(_ batch: AnswerBatch) throws
  /// Told after every step: statistics of its samples (an adaptive temperature) take effect for the
  /// next one.
  mutating func stepEnded() throws
  /// What ``stepEnded()`` changes, for checkpoints; setting it restores it. Complete between steps.
  var state: [String: Double] { get set }
}

extension Objective {
  public mutating func prepare(_ context: ObjectiveContext) throws {}
  public mutating func epochBegins(_ epoch: Int) throws {}
  public mutating func observe(_ batch: AnswerBatch) throws {}
  public mutating func stepEnded() throws {}
  public var state: [String: Double] {
    get { [:] }
    set {}
  }
}

/// Where the constraint to the item trie comes, relative to the soft-max (section 7.1).
public enum ConstraintMode: String, Sendable, CaseIterable, ParameterReadable {
  /// The soft-max runs over the valid tokens only: forced tokens cost nothing.
  case before
  /// The soft-max runs over the vocabulary; invalid tokens are then left out.
  case after
}

/// What a trainer must compute for an objective.
public struct ObjectiveNeeds: Sendable {
  /// Which columns of the head are evaluated at the answer's nodes.
  public var columns: Columns
  /// Answers scored behind each prompt besides the positive one.
  public var others: OtherAnswers
  /// Whether log-probabilities under the frozen reference are needed.
  public var reference: Bool
  /// The constraint that decoding should use after this training.
  public var constraint: ConstraintMode

  /// Columns of the language-model head.
  public enum Columns: Sendable, Equatable {
    /// The children of each trie node.
    case children
    /// The whole vocabulary.
    case vocabulary
  }

  /// Which answers come beside the positive one.
  public enum OtherAnswers: Sendable, Equatable {
    case none
    /// Titles drawn by a sampler.
    case negatives(count: Int, sampler: String)
    /// The beams found behind the same prompt by a search inside the step.
    case beams(width: Int)
  }

  /// Creates a description of needs.
  public init(
    columns: Columns, others: OtherAnswers = .none, reference: Bool = false,
    constraint: ConstraintMode
  ) {
    self.columns = columns
    self.others = others
    self.reference = reference
    self.constraint = constraint
  }
}

/// What an objective is told before training.
public struct ObjectiveContext: Sendable {
  public let catalogue: Catalogue
  public let trie: ItemTrie
  /// `[titles]`: how often each title is a target of the training windows.
  public let targetCounts: [Int]
  /// The number of optimiser steps of the whole training.
  public let totalSteps: Int

  /// Creates a context.
  public init(catalogue: Catalogue, trie: ItemTrie, targetCounts: [Int], totalSteps: Int) {
    self.catalogue = catalogue
    self.trie = trie
    self.targetCounts = targetCounts
    self.totalSteps = totalSteps
  }
}

/// A loss as a sum over samples and the weight to divide it by.
public struct LossTerms {
  /// Scalar, in nats, on the tape.
  public let sum: Tensor
  /// Scalar; a constant to the gradient.
  public let weight: Tensor

  /// Creates the terms; `weight` is detached.
  public init(sum: Tensor, weight: Tensor) {
    self.sum = sum
    self.weight = weight.detached()
  }

  /// Creates the terms with a weight that is known without tensors, such as a count.
  public init(sum: Tensor, weight: Float) {
    self.init(sum: sum, weight: Tensor(scalar: weight))
  }

  /// The sum divided by the weight, on the tape; 0 where the weight is 0.
  public var mean: Tensor {
    let divisor = weight.scalars[0]
    return divisor == 0 ? sum * 0 : sum / divisor
  }
}
