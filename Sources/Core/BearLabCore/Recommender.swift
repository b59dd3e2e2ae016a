public import BearLabTensor

/// A conventional sequential model: a competitor in the tables, and a part of some backbones.
///
/// The plug-in is a struct of settings; what it learns is a ``FittedRecommender``.
public protocol Recommender: Plugin {
  /// What it asks for besides windows.
  var needs: RecommenderNeeds { get }
  /// What a reader of its results should know of its settings, a sentence each.
  var notices: [String] { get }
  /// Trains on windows of item ids.
  ///
  /// Contract: the same data, settings, instruction set and number of threads give the same bits.
  ///
  /// - Parameters:
  ///   - data: windows, items and the seed.
  ///   - progress: told how far the training is; may throw to stop it.
  /// - Returns: what was learned.
  /// - Throws: an error of the recommender for data that it cannot learn from, and what `progress`
  ///   throws.
  func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender
  /// What was learned before, from its stored tensors.
  ///
  /// - Parameters:
  ///   - tensors: those of ``FittedRecommender/tensors``, by name.
  ///   - catalogue: the items; as many as when it was trained.
  /// - Returns: what scores as the one that was stored, to the bit.
  /// - Throws: ``StoredTensorError`` for a tensor that is missing or of another shape.
  func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender
}

extension Recommender {
  public var needs: RecommenderNeeds { RecommenderNeeds() }
  public var notices: [String] { [] }

  /// Trains without telling anybody how far it is.
  public func fit(_ data: RecommenderData) throws -> any FittedRecommender {
    try fit(data) { _ in }
  }
}

/// What a recommender learns from.
public struct RecommenderData: Sendable {
  /// All training windows.
  public let train: [Window]
  /// Windows on which an early stop may look.
  public let validation: [Window]
  public let catalogue: Catalogue
  /// Of everything random.
  public let seed: UInt64
  /// What the recommender asked for.
  public let resources: RecommenderResources

  /// Gathers the data.
  public init(
    train: [Window], validation: [Window], catalogue: Catalogue, seed: UInt64,
    resources: RecommenderResources = RecommenderResources()
  ) {
    self.resources = resources
    self.train = train
    self.validation = validation
    self.catalogue = catalogue
    self.seed = seed
  }
}

/// How far the training of a recommender is.
public struct RecommenderProgress: Sendable {
  /// Epochs done, and as many as there may be.
  public let epoch: Int
  public let epochs: Int
  /// The mean loss of the epoch.
  public let loss: Double
  /// NDCG@10 on validation; nil where it was not measured.
  public let validationNDCG: Double?

  /// Creates a report.
  public init(epoch: Int, epochs: Int, loss: Double, validationNDCG: Double?) {
    self.epoch = epoch
    self.epochs = epochs
    self.loss = loss
    self.validationNDCG = validationNDCG
  }
}

/// A trained recommender.
///
/// Contract: a history's scores do not depend on which others are asked for with it, but for
/// rounding; a history may be empty.
public protocol FittedRecommender: AnyObject {
  /// The score of every item behind each history, `[items]` with item i + 1 at index i; larger is
  /// better.
  func scores(histories: [[Int]]) throws -> [[Float]]
  /// The items' embeddings, `[items, width]` with item i + 1 in row i, for models that have them.
  var itemEmbeddings: Tensor? { get }
  /// What stands for the users with these histories, `[histories, width]`, for models that have it:
  /// the output at the last position, whose product with an item's embedding is its score.
  func userVectors(histories: [[Int]]) throws -> Tensor?
  /// All that was learned, by name, as ``Recommender/restore(_:catalogue:)`` takes it.
  var tensors: [(name: String, tensor: Tensor)] { get }
}

extension FittedRecommender {
  public var itemEmbeddings: Tensor? { nil }
  public func userVectors(histories: [[Int]]) throws -> Tensor? { nil }

  /// The score of every item behind one history.
  public func scores(history: [Int]) throws -> [Float] {
    try scores(histories: [history]).first ?? []
  }
}

/// Tensors by name, as a file keeps them.
public struct StoredTensors: Sendable {
  /// A tensor's shape and numbers, row-major.
  public struct Entry: Sendable, Equatable {
    public let shape: [Int]
    public let values: [Float]

    /// Creates an entry.
    public init(shape: [Int], values: [Float]) {
      self.shape = shape
      self.values = values
    }
  }

  public let entries: [String: Entry]

  /// Takes entries by name.
  public init(_ entries: [String: Entry]) { self.entries = entries }

  /// Takes the numbers of some tensors.
  public init(_ tensors: [(name: String, tensor: Tensor)]) {
    entries = Dictionary(
      tensors.map { ($0.name, Entry(shape: $0.tensor.shape, values: $0.tensor.scalars)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The numbers of a tensor.
  ///
  /// - Throws: ``StoredTensorError``.
  public func values(_ name: String, shape: [Int]) throws(StoredTensorError) -> [Float] {
    guard let entry = entries[name] else { throw .missing(name) }
    guard entry.shape == shape else { throw .shape(name, stored: entry.shape, expected: shape) }
    return entry.values
  }

  /// Replaces the numbers of some tensors by the stored ones.
  ///
  /// - Throws: ``StoredTensorError``.
  public func restore(
    _ tensors: [(name: String, tensor: Tensor)]
  ) throws(StoredTensorError) {
    for (name, tensor) in tensors { tensor.replace(with: try values(name, shape: tensor.shape)) }
  }
}

/// Why stored tensors are not those that are asked for.
public enum StoredTensorError: BearLabError, Equatable {
  case missing(String)
  case shape(String, stored: [Int], expected: [Int])

  public var description: String {
    switch self {
    case .missing(let name): "tensor '\(name)' is missing"
    case .shape(let name, let stored, let expected):
      "tensor '\(name)' has shape \(stored), not \(expected)"
    }
  }

  public var remedy: String {
    "use what was stored with the same settings and the same catalogue"
  }
}

/// A figure of merit of a ranked list with one right answer.
public protocol Metric: Plugin {
  /// The gain of one list: `rank` is the place of the right answer from 0, or nil without it.
  func gain(rank: Int?) -> Double
}
