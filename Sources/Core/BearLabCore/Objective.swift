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
  ///
  /// It may change from epoch to epoch, see ``epochBegins(_:)``; negatives are drawn as the needs
  /// before training say, and are scored in the epochs whose needs have them.
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
public struct ObjectiveNeeds: Sendable, Equatable {
  /// Which columns of the head are evaluated at the answer's nodes.
  public var columns: Columns
  /// Answers scored behind each prompt besides the positive one.
  public var negatives: Negatives?
  /// Whose log-probabilities of the answers are needed too.
  public var reference: Reference?
  /// Whether the positive answer's logits behind the prompt without the history are needed.
  public var historyFree: Bool
  /// Whether a recommender's scores of the answers are needed.
  public var recommender: Bool
  /// The width of the beam search behind each prompt whose thresholds are needed; nil for none.
  public var beamWidth: Int?
  /// The constraint that decoding should use after this training.
  public var constraint: ConstraintMode

  /// Columns of the language-model head.
  public enum Columns: Sendable, Equatable {
    /// The children of each trie node.
    case children
    /// Of the whole vocabulary the answer's own token: its log-probability alone, so that memory
    /// does not grow with the vocabulary. The children of each trie node besides.
    case targets
    /// The whole vocabulary.
    case vocabulary
  }

  /// Answers that are not the right one.
  public struct Negatives: Sendable, Equatable {
    /// How many for each sample, where there are as many.
    public var count: Int
    /// The sampler, where the run does not name another.
    public var sampler: String
    /// Epochs after which they are drawn anew; 0 to draw them once, before training.
    public var period: Int

    /// Creates a description of negatives.
    public init(count: Int, sampler: String, period: Int = 0) {
      self.count = count
      self.sampler = sampler
      self.period = period
    }
  }

  /// The frozen model that an answer's log-probability is compared with.
  public enum Reference: Sendable, Equatable {
    /// The weights that training begins with.
    case initial
    /// Those at the start of the epoch.
    case epochStart
  }

  /// Creates a description of needs.
  public init(
    columns: Columns, negatives: Negatives? = nil, reference: Reference? = nil,
    historyFree: Bool = false, recommender: Bool = false, beamWidth: Int? = nil,
    constraint: ConstraintMode
  ) {
    self.columns = columns
    self.negatives = negatives
    self.reference = reference
    self.historyFree = historyFree
    self.recommender = recommender
    self.beamWidth = beamWidth
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
