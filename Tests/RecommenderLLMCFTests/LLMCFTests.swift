import BearLabCore
import BearLabNN
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import RecommenderLLMCF

private let small: [String: ParameterValue] = [
  "width": .integer(16), "batch-size": .integer(20), "learning-rate": .real(0.02),
  "epochs": .integer(40), "patience": .integer(40), "max-length": .integer(4),
  "blocks": .integer(1), "dropout": .real(0), "negatives": .integer(16),
]

private func with(_ values: [String: ParameterValue]) -> [String: ParameterValue] {
  small.merging(["bank": .text("a file")]) { $1 }.merging(values) { $1 }
}

/// Every fifth training window as an example that happened, and one that did not.
private func explained(_ data: RecommenderData) -> RecommenderData {
  let examples = data.train.enumerated().filter { $0.offset % 5 == 0 }.flatMap { index, window in
    [true, false].map { isPositive in
      ExampleBank.Example(
        user: window.user, history: window.history,
        target: isPositive ? window.target : index % 5 + 1, isPositive: isPositive,
        timestamp: window.timestamp)
    }
  }
  func vectors(_ count: Int) -> StoredTensors.Entry {
    var random = SeededGenerator(UInt64(count))
    let rows = (0..<count).flatMap { _ -> [Float] in
      let row = (0..<6).map { _ in Float.random(in: -1...1, using: &random) }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / norm }
    }
    return .init(shape: [count, 6], values: rows)
  }
  return RecommenderData(
    train: data.train, validation: data.validation, catalogue: data.catalogue, seed: data.seed,
    resources: RecommenderResources(
      examples: ExampleBank(examples: examples, texts: vectors(examples.count), titles: vectors(5)))
  )
}

/// A network over the examples of the cycle, with its base.
private func network(
  _ values: [String: ParameterValue] = [:]
) throws -> (LLMCFRecommender, EarlyPmixerEncoder, InContextEncoder) {
  let recommender = try LLMCFRecommender(with(values))
  let base = try recommender.base(items: 5, seed: 3)
  let bank = try #require(explained(cycleData()).resources.examples)
  let own = recommender.network(
    base, recommender.retrieval(ContextBank(bank, maxLength: 4)), seed: 3)
  return (recommender, base, own)
}

@Suite struct InContextDecoderTests {
  /// Turning by places leaves lengths, and products depend on how far apart the places are.
  @Test func positionsAreRelative() {
    var random = SeededGenerator(5)
    let row = (0..<16).map { _ in Float.random(in: -1...1, using: &random) }
    let x = Tensor([row, row, row, row].flatMap { $0 }, shape: [4, 16])
    let turned = x.rotated([0, 1, 2, 5], heads: 2)
    #expect(Array(turned.scalars.prefix(16)) == row)
    let other = x.rotated([3, 4, 5, 8], heads: 2)
    let products = turned.rowDots(turned.rows(at: [1, 2, 3, 0])).scalars
    #expect(
      largestGap(products, other.rowDots(other.rows(at: [1, 2, 3, 0])).scalars.map(Double.init))
        < 1e-5)
    // Pair 0 of each head turns by one radian a place.
    let expected = [
      Double(row[0]) * cos(1) - Double(row[1]) * sin(1),
      Double(row[1]) * cos(1) + Double(row[0]) * sin(1),
    ]
    #expect(largestGap(Array(turned.scalars[16..<18]), expected) < 1e-6)
  }

  @Test func rowsAreNormalisedByTheirMeanSquare() {
    let x = Tensor([3, 4, 0, 0], shape: [1, 4]).rmsNorm(Tensor([1, 2, 3, 4], shape: [4]))
    let root = (25.0 / 4 + 1e-5).squareRoot()
    #expect(largestGap(x.scalars, [3 / root, 8 / root, 0, 0]) < 1e-6)
  }

  /// A state depends on its own sequence, and on nothing behind it.
  @Test func sequencesAreCausalAndApart() {
    var random = SeededGenerator(6)
    let numbers = (0..<5 * 16).map { _ in Float.random(in: -1...1, using: &random) }
    let decoder = InContextDecoder(width: 16, key: 1)
    let all = decoder(Tensor(numbers, shape: [5, 16]), lengths: [3, 2]).scalars
    let first = decoder(Tensor(Array(numbers.prefix(32)), shape: [2, 16]), lengths: [2]).scalars
    let second = decoder(Tensor(Array(numbers.suffix(32)), shape: [2, 16]), lengths: [2]).scalars
    #expect(largestGap(Array(all.prefix(32)), first.map(Double.init)) < 1e-5)
    #expect(largestGap(Array(all.suffix(32)), second.map(Double.init)) < 1e-5)
  }

  @Test func gradientsMatchDifferences() {
    let decoder = InContextDecoder(width: 8, key: 2)
    let x = Initializer.normal(deviation: 1)([4, 8], key: 3)
    let error = GradientCheck.largestError(
      ofParameters: [x] + decoder.parameters.map(\.tensor), step: 0.002
    ) {
      let states = decoder(x, lengths: [3, 1])
      return (states * states * states).sum() * 0.1
    }
    #expect(error < 1e-2)
  }
}

@Suite struct LLMCFTests {
  @Test func withoutABankItLearnsACycle() throws {
    let recommender = try LLMCFRecommender(small)
    #expect(try withCompute { try RecommenderConformance.problems(of: recommender) } == [])
    #expect(recommender.notices.count == 1 && !recommender.needs.examples)
  }

  @Test func withABankItLearnsACycle() throws {
    try withCompute {
      let recommender = try LLMCFRecommender(
        with(["epochs": .integer(15), "reconstruction-weight": .real(0.1)]))
      let data = explained(cycleData())
      let fitted = try recommender.fit(data)
      let histories = data.validation.map(\.history)
      let scores = try fitted.scores(histories: histories)
      for (window, row) in zip(data.validation, scores) {
        #expect(row.indices.max { row[$0] < row[$1] } == window.target - 1, "\(window.history)")
      }
      let restored = try recommender.restore(
        StoredTensors(fitted.tensors), catalogue: data.catalogue)
      #expect(try restored.scores(histories: histories) == scores)
      for (history, row) in zip(histories, scores) {
        #expect(largestGap(try fitted.scores(history: history), row.map(Double.init)) < 1e-4)
      }
      #expect(try fitted.scores(history: []).allSatisfy(\.isFinite))
    }
  }

  /// Section 5.1, "How to tell it is right": with 0 in place of 0.1 it is the backbone.
  @Test func withoutWeightItIsTheBackbone() throws {
    try withCompute {
      let (_, base, none) = try network(["context-weight": .real(0)])
      let histories = [[1, 2], [3], [4, 5, 1]]
      let plain = base.encode(histories, positions: .last, dropout: DropoutSource()).scalars
      #expect(none.encode(histories, positions: .last, dropout: DropoutSource()).scalars == plain)
      let (_, _, some) = try network()
      let own = some.encode(histories, positions: .last, dropout: DropoutSource()).scalars
      #expect(largestGap(own, plain.map(Double.init)) > 1e-3)
    }
  }

  /// The target is in no token: another one leaves the user as it is.
  @Test func theUsersTokenDoesNotKnowTheTarget() throws {
    try withCompute {
      let (recommender, _, own) = try network()
      let bank = try #require(explained(cycleData()).resources.examples)
      let retrieval = recommender.retrieval(ContextBank(bank, maxLength: 4))
      let vectors = (1...5).map { target -> [Float] in
        let window = Window(user: 2, history: [1, 2], target: target, timestamp: 50)
        let known = recommender.known([window], bank, retrieval)
        return own.encode(
          [window.history], examples: [known[window] ?? []], dropout: DropoutSource()
        ).users.scalars
      }
      #expect(Set(vectors).count == 1)
    }
  }

  /// −log of the target's share among itself and the negatives that differ from it.
  @Test func theLossIsTheSampledSoftmax() throws {
    let recommender = try LLMCFRecommender(small.merging(["negatives": .integer(7)]) { $1 })
    let windows = [3, 1].map { Window(user: 1, history: [2], target: $0, timestamp: 0) }
    let batch = TrainingBatch(windows: windows, key: 9)
    let users: [Float] = [0.5, -1, 2, 0.3]
    let items: [Float] = [1, 0, 0, 1, -1, 1, 0.5, 0.5, 2, -1]
    let value = recommender.sampledSoftmax(
      Tensor(users, shape: [2, 2]), batch, items: Tensor(items, shape: [5, 2])
    ).scalars[0]
    var random = CounterGenerator(key: CounterGenerator.mix(9, 3))
    let drawn = (0..<7).map { _ in Int.random(in: 0..<5, using: &random) }
    var expected = 0.0
    for (row, target) in [2, 0].enumerated() {
      func score(_ item: Int) -> Double {
        Double(users[2 * row] * items[2 * item] + users[2 * row + 1] * items[2 * item + 1])
      }
      let others = drawn.filter { $0 != target }.reduce(0) { $0 + exp(score($1)) }
      expected += log(exp(score(target)) + others) - score(target)
    }
    #expect(drawn.contains(2) || drawn.contains(0))
    #expect(abs(Double(value) - expected / 2) < 1e-5)
  }

  @Test func gradientsMatchDifferences() throws {
    let (recommender, _, own) = try network([
      "width": .integer(8), "reconstruction-weight": .real(0.5),
    ])
    let data = explained(cycleData())
    let bank = try #require(data.resources.examples)
    let known = recommender.known(
      data.train, bank, recommender.retrieval(ContextBank(bank, maxLength: 4)))
    let batch = TrainingBatch(windows: Array(data.train.prefix(6)), key: 4)
    let error = GradientCheck.largestError(
      ofParameters: own.parameters.map(\.tensor), directions: 4, step: 0.002
    ) { recommender.mean(of: batch, own, known) }
    #expect(error < 2e-2)
  }

  @Test func mistakesAreExplained() throws {
    #expect(throws: LLMCFError.width(18)) {
      try LLMCFRecommender(with(["width": .integer(18)]))
    }
    #expect(throws: LLMCFError.noBank) { try LLMCFRecommender(with([:])).fit(cycleData()) }
    let registry = PluginRegistry()
    try registry.add(LLMCFModule.self)
    #expect(try registry.recommenders.find("llm-cf") == LLMCFRecommender.self)
  }
}
