import BearLabCore
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@testable import BearLabSequential

private func settings(epochs: Int = 3) -> SequentialSettings {
  var settings = SequentialSettings()
  (settings.epochs, settings.batchSize, settings.maxLength) = (epochs, 20, 3)
  return settings
}

private func encoder() throws -> QueryNormEncoder {
  try QueryNormEncoder(items: 5, width: 8, maxLength: 3, dropoutRate: 0.1, key: 1)
}

private func train(
  _ data: RecommenderData, settings: SequentialSettings = settings(),
  progress: (RecommenderProgress) throws -> Void = { _ in }
) throws -> SequentialRecommender {
  let encoder = try encoder()
  let loss = NextItemLoss(kind: .ce)
  return try SequentialTrainer(encoder, settings: settings, data: data)
    .fit(progress: progress) { loss($0, encoder) }
}

private struct Stopped: Error {}

@Suite struct SequentialTrainerTests {
  @Test func dataMustHaveWindowsOfTheCatalogue() throws {
    let data = cycleData()
    func with(train: [Window]? = nil, validation: [Window]? = nil) -> RecommenderData {
      RecommenderData(
        train: train ?? data.train, validation: validation ?? data.validation,
        catalogue: data.catalogue, seed: 1)
    }
    #expect(throws: SequentialError.noTrainingWindows) { try train(with(train: [])) }
    let stray = Window(user: 1, history: [1, 6], target: 2, timestamp: 0)
    #expect(throws: SequentialError.unknownItem(6, row: 0, items: 5)) {
      try train(with(train: [stray]))
    }
    let target = Window(user: 1, history: [1], target: 0, timestamp: 0)
    #expect(throws: SequentialError.unknownItem(0, row: 0, items: 5)) {
      try train(with(validation: [target]))
    }
    let fitted = try train(data)
    #expect(throws: SequentialError.unknownItem(9, row: 1, items: 5)) {
      try fitted.scores(histories: [[1], [2, 9]])
    }
  }

  @Test func progressIsToldOfEachEpochAndMayStop() throws {
    var reports: [RecommenderProgress] = []
    _ = try train(cycleData()) { reports.append($0) }
    #expect(reports.map(\.epoch) == [1, 2, 3])
    #expect(reports.allSatisfy { $0.epochs == 3 && $0.validationNDCG != nil })
    #expect(reports[2].loss < reports[0].loss)
    #expect(throws: Stopped.self) { try train(cycleData()) { _ in throw Stopped() } }
  }

  /// After the patience without a better NDCG, the weights of the best epoch are back.
  @Test func theBestWeightsAreRestored() throws {
    try withCompute {
      var few = settings(epochs: 200)
      few.learningRate = 0.02
      few.patience = 4
      var reports: [RecommenderProgress] = []
      let fitted = try train(cycleData(), settings: few) { reports.append($0) }
      let figures = reports.map { $0.validationNDCG ?? 0 }
      let best = figures.max() ?? 0
      let first = figures.firstIndex(of: best) ?? 0
      #expect(reports.count == first + 1 + 4)
      let validation = ValidationRanking(cycleData().validation, catalogue: cycleData().catalogue)
      #expect(try validation.ndcg(10, of: fitted) == best)
      // As if the training had ended there.
      var short = few
      short.epochs = first + 1
      let same = try train(cycleData(), settings: short)
      #expect(fitted.tensors.map(\.tensor.scalars) == same.tensors.map(\.tensor.scalars))
    }
  }

  @Test func longHistoriesAreCut() throws {
    try withCompute {
      let fitted = try train(cycleData())
      #expect(try fitted.scores(history: [5, 5, 1, 2, 3]) == fitted.scores(history: [1, 2, 3]))
    }
  }

  @Test func otherSeedsGiveOtherWeights() throws {
    let (first, second) = (try train(cycleData(seed: 1)), try train(cycleData(seed: 2)))
    #expect(try first.scores(history: [1]) != second.scores(history: [1]))
  }
}

@Suite struct Batches {
  private let windows = [
    Window(user: 1, history: [1, 2, 3], target: 4, timestamp: 0),
    Window(user: 2, history: [5], target: 6, timestamp: 0),
  ]

  @Test func targetsFollowTheItems() {
    let batch = TrainingBatch(windows: windows, key: 1)
    #expect(batch.targets(.last) == [4, 6])
    #expect(batch.targets(.all) == [2, 3, 4, 6])
  }

  @Test func negativesAreEvenAndNoneOfTheWindow() {
    let many = Array(repeating: windows[0], count: 3000)
    let negatives = TrainingBatch(windows: many, key: 1).negatives(.last, items: 8)
    let counts = (1...8).map { item in negatives.count { $0 == item } }
    #expect(counts[..<4] == [0, 0, 0, 0])
    #expect(counts[4...].allSatisfy { (640...860).contains($0) })
    #expect(TrainingBatch(windows: many, key: 1).negatives(.last, items: 8) == negatives)
    // All items but none are in the window: any that is not the target.
    let full = TrainingBatch(windows: [windows[0]], key: 1).negatives(.all, items: 4)
    #expect(zip(full, [2, 3, 4]).allSatisfy { $0 != $1 })
  }

  /// By hand: σ(0) = ½, so each term is log 2; of ELU + 1, 1 and e^−1.
  @Test func pairwiseLossesByHand() {
    func loss(
      _ kind: NextItemLossKind, _ positive: Float, _ negative: Float, dros: Bool = false
    ) -> Double {
      let loss = NextItemLoss(kind: kind, isDROS: dros)
      let pair = [positive, negative].map { Tensor([$0], shape: [1]) }
      return Double(loss.pairwise(positive: pair[0], negative: pair[1]).scalars[0])
    }
    let log2 = 0.693147
    #expect(abs(loss(.bce, 0, 0) - 2 * log2) < 1e-5)
    #expect(abs(loss(.bce, 0, 0, dros: true) - log2) < 1e-5)
    #expect(abs(loss(.bpr, 3, 3) - log2) < 1e-5)
    #expect(abs(loss(.mse, 3, 1) - 2.5) < 1e-5)
    // −log σ(1 − e^−1) = log(1 + e^−0.632121).
    #expect(abs(loss(.bpr, 0, -1, dros: true) - 0.426224) < 1e-5)
  }
}

/// Items 1 and 4 share a title; scores tie between titles c and b, and b is first in byte order.
@Test func validationRanksTitlesAsAnEvaluation() throws {
  let catalogue = Catalogue(itemTitles: ["c", "b", "a", "c"])
  let ranking = ValidationRanking([], catalogue: catalogue)
  #expect(ranking.rank(of: 0, in: [2, 2, 1]) == 2)
  #expect(ranking.rank(of: 1, in: [2, 2, 1]) == 1)
  #expect(ranking.rank(of: 2, in: [2, 2, 1]) == 3)
}
