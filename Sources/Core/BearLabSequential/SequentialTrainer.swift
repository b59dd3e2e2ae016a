public import BearLabCore
internal import BearLabNN
public import BearLabTensor

/// Trains an encoder on windows: shuffled batches, Adam, and an early stop on validation.
public struct SequentialTrainer {
  private let encoder: any SequenceEncoder
  private let settings: SequentialSettings
  private let data: RecommenderData
  /// Histories are cut to what the network takes.
  private let windows: [Window]

  /// Checks the data.
  ///
  /// - Throws: ``SequentialError`` where there are no training windows or an item is not of the
  ///   catalogue.
  public init(
    _ encoder: any SequenceEncoder, settings: SequentialSettings, data: RecommenderData
  ) throws(SequentialError) {
    guard !data.train.isEmpty else { throw .noTrainingWindows }
    for windows in [data.train, data.validation] {
      try SequentialError.requireItems(
        windows.map { $0.history + [$0.target] }, below: data.catalogue.itemCount)
    }
    self.encoder = encoder
    self.settings = settings
    self.data = data
    windows = data.train.map { window in
      Window(
        user: window.user, history: settings.cut(window.history), target: window.target,
        timestamp: window.timestamp)
    }
  }

  /// Trains until the validation gets no better, and restores the best weights.
  ///
  /// - Parameters:
  ///   - progress: told of each epoch; may throw to stop.
  ///   - loss: the mean loss of a batch.
  /// - Returns: what was learned.
  /// - Throws: ``SequentialError/divergence(epoch:)``, and what `progress` and `loss` throw.
  public func fit(
    progress: (RecommenderProgress) throws -> Void, loss: (TrainingBatch) throws -> Tensor
  ) throws -> SequentialRecommender {
    let recommender = SequentialRecommender(encoder, maxLength: settings.maxLength)
    let optimizer = AdamW(parameters: encoder.parameters, settings: settings.adam)
    let validation = ValidationRanking(data.validation, catalogue: data.catalogue)
    var best: (ndcg: Double, epoch: Int, weights: [[Float]])?
    for epoch in 1...settings.epochs {
      let mean = try runEpoch(epoch, optimizer, loss)
      guard mean.isFinite else { throw SequentialError.divergence(epoch: epoch) }
      let ndcg = try validation.ndcg(10, of: recommender)
      if let ndcg, ndcg > best?.ndcg ?? -1 {
        best = (ndcg, epoch, encoder.parameters.map(\.tensor.scalars))
      }
      try progress(
        RecommenderProgress(
          epoch: epoch, epochs: settings.epochs, loss: mean, validationNDCG: ndcg))
      if let best, epoch - best.epoch >= settings.patience { break }
    }
    if let best {
      for (entry, values) in zip(encoder.parameters, best.weights) {
        entry.tensor.replace(with: values)
      }
    }
    return recommender
  }

  /// One pass over the windows in an order of its own; returns the mean loss.
  private func runEpoch(
    _ epoch: Int, _ optimizer: AdamW, _ loss: (TrainingBatch) throws -> Tensor
  ) throws -> Double {
    let key = CounterGenerator.mix(data.seed, UInt64(epoch))
    var random = CounterGenerator(key: key)
    let order = windows.indices.shuffled(using: &random)
    var total = 0.0
    for start in stride(from: 0, to: order.count, by: settings.batchSize) {
      let places = order[start..<min(start + settings.batchSize, order.count)]
      let batch = TrainingBatch(
        windows: places.map { windows[$0] }, key: CounterGenerator.mix(key, UInt64(start) + 1))
      let mean = try loss(batch)
      mean.backward()
      optimizer.gatherGradients(scale: 1)
      optimizer.update(learningRate: settings.learningRate)
      total += Double(mean.scalars[0]) * Double(places.count)
    }
    return total / Double(order.count)
  }
}
