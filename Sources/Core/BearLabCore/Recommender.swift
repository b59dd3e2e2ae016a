public import BearLabTensor

/// A conventional sequential model: a competitor in the tables, and a part of some backbones.
public protocol Recommender: Plugin {
  /// Trains on windows of item ids.
  ///
  /// - Parameters:
  ///   - train: all training windows.
  ///   - validation: windows on which an early stop may look.
  ///   - catalogue: the items.
  ///   - seed: of everything random.
  /// - Throws: an error of the recommender for data that it cannot learn from.
  mutating func fit(
    train: [Window], validation: [Window], catalogue: Catalogue, seed: UInt64
  ) throws
  /// The score of every item, `[items]` with item i + 1 at index i; larger is better.
  func scores(history: [Int]) throws -> [Float]
  /// The items' embeddings, `[items, width]`, for models that have them.
  var itemEmbeddings: Tensor? { get }
}

extension Recommender {
  public var itemEmbeddings: Tensor? { nil }
}

/// Draws titles that are not the answer.
public protocol NegativeSampler: Plugin {
  /// At most `count` distinct titles, none of them the target's or of the history.
  func negatives(
    for window: Window, count: Int, catalogue: Catalogue, targetCounts: [Int], seed: UInt64
  ) throws -> [Int]
}

/// A figure of merit of a ranked list with one right answer.
public protocol Metric: Plugin {
  /// The gain of one list: `rank` is the place of the right answer from 0, or nil without it.
  func gain(rank: Int?) -> Double
}
