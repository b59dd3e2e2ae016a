public import BearLabCore
public import BearLabTensor

/// A recommender that is a network and a loss: it says which, and is trained and restored like all
/// others.
public protocol SequentialModel: Recommender {
  var settings: SequentialSettings { get }
  /// A fresh network.
  ///
  /// - Parameters:
  ///   - items: of the catalogue.
  ///   - seed: of the weights.
  /// - Returns: the network with its loss.
  /// - Throws: ``SequentialError`` for settings that make no network.
  func network(items: Int, seed: UInt64) throws -> SequentialNetwork
}

/// A network, and what it is trained for.
public struct SequentialNetwork {
  /// The mean loss of a batch.
  public typealias Loss = (TrainingBatch) throws -> Tensor

  public let encoder: any SequenceEncoder
  /// The loss for some data, of which it may know statistics.
  public let loss: (RecommenderData) throws -> Loss

  /// Puts a network and its loss together.
  public init(
    _ encoder: any SequenceEncoder, loss: @escaping (RecommenderData) throws -> Loss
  ) {
    self.encoder = encoder
    self.loss = loss
  }
}

extension SequentialModel {
  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender {
    let network = try network(items: data.catalogue.itemCount, seed: data.seed)
    return try SequentialTrainer(network.encoder, settings: settings, data: data)
      .fit(progress: progress, loss: network.loss(data))
  }

  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    // The weights are replaced.
    try SequentialRecommender(
      network(items: catalogue.itemCount, seed: 0).encoder, maxLength: settings.maxLength,
      restoring: tensors)
  }
}
