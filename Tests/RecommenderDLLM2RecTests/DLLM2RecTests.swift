import BearLabCore
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Foundation
import RecommenderSASRec
import Testing

@testable import RecommenderDLLM2Rec

private let small: [String: ParameterValue] = [
  "width": .integer(16), "batch-size": .integer(20), "learning-rate": .real(0.02),
  "epochs": .integer(60), "patience": .integer(60), "max-length": .integer(4),
]
/// Settings under which nothing of the teacher counts.
private let untaught: [String: ParameterValue] = [
  "alpha": .real(0), "embedding-weight": .real(0), "distillation-weight": .real(0),
]

private func with(_ values: [String: ParameterValue]) -> [String: ParameterValue] {
  small.merging(["teacher": .text("a file")]) { $1 }.merging(values) { $1 }
}

/// A teacher that knows the cycle: the right item first, and a vector for each item.
private func cycleTeacher(_ data: RecommenderData) -> TeacherLists {
  var lists: [Window: TeacherLists.List] = [:]
  for (index, window) in data.train.enumerated() where index % 3 > 0 {
    let second = window.target % 5 + 1
    lists[window] = .init(items: [window.target, second], distances: [0.1, 2])
  }
  let vectors = (0..<35).map { (number: Int) -> Float in Float(number * 37 % 11) / 11 - 0.5 }
  return TeacherLists(lists: lists, embeddings: .init(shape: [5, 7], values: vectors))
}

private func taught(_ data: RecommenderData) -> RecommenderData {
  RecommenderData(
    train: data.train, validation: data.validation, catalogue: data.catalogue, seed: data.seed,
    resources: RecommenderResources(teacher: cycleTeacher(data)))
}

@Suite struct TeacherWeightsTests {
  /// Section 5.2: e⁻ʳ / Σ over ten ranks.
  @Test func positionsAreTheSpecifications() {
    let weights = TeacherWeights(position: 1, confidence: 0, consistency: 0)(
      distances: [Float](repeating: 3, count: 10), isShared: [Bool](repeating: false, count: 10))
    #expect(
      largestGap(weights.prefix(4).map(Float.init), [0.632149, 0.232555, 0.085552, 0.031473]) < 1e-6
    )
  }

  /// Two places by hand: a = e⁻¹, e⁻² and b = e⁻¹, e⁻³ over their sums; the second is shared.
  @Test func theThreePartsAddUp() {
    let weights = TeacherWeights(position: 0.3, confidence: 0.5, consistency: 0.1)(
      distances: [1, 3], isShared: [false, true])
    let a = 1 / (1 + exp(-1.0))
    let b = 1 / (1 + exp(-2.0))
    let raw = [0.3 * a + 0.5 * b, 0.3 * (1 - a) + 0.5 * (1 - b) + 0.1]
    let expected = raw.map { $0 / (raw[0] + raw[1]) }
    #expect(largestGap(weights.map(Float.init), expected) < 1e-6)
  }

  @Test(arguments: [1, 3, 10])
  func weightsOfARowSumToOne(count: Int) {
    var random = SeededGenerator(3)
    for _ in 0..<20 {
      let distances = (0..<count).map { _ in Float.random(in: 0...80, using: &random) }
      let weights = TeacherWeights(position: 0.3, confidence: 0.5, consistency: 0.1)(
        distances: distances, isShared: distances.map { _ in Bool.random(using: &random) })
      #expect(abs(weights.reduce(0, +) - 1) < 1e-12 && weights.allSatisfy { $0 >= 0 })
    }
  }
}

@Suite struct DistillationTests {
  private static let lists: [TeacherLists.List?] = [
    .init(items: [2, 4], distances: [0.5, 1.5]), nil, .init(items: [1], distances: [2]),
  ]
  private static let scores: [Float] = [0.5, -0.2, 0.1, 2, -3, 1, 4, 0, 0.3, 0.2, 0.1, -0.4]
  private static let negatives: [Float] = [0.1, 4, -0.4]

  private func loss(
    _ negative: Distillation.NegativeTerm, _ mean: Distillation.RobustMean, alpha: Float
  ) -> Distillation {
    Distillation(
      weights: TeacherWeights(position: 0.3, confidence: 0.5, consistency: 0.1), length: 2,
      negativeTerm: negative, robustMean: mean, robustWeight: alpha)
  }

  private var term: RobustTerm { RobustTerm(form: .code, radius: 1, targets: [1, 1, 2], items: 4) }

  /// All parts in double precision, each as the formula has it.
  @Test(arguments: ["official", "bce"], ["official", "elementwise"])
  func lossMatchesDoublePrecision(negative: String, mean: String) throws {
    let weighing = TeacherWeights(position: 0.3, confidence: 0.5, consistency: 0.1)
    // The student's best two of row 0 are items 4 and 1, of row 2 items 1 and 2.
    let weights = [
      weighing(distances: [0.5, 1.5], isShared: [false, true]), [],
      weighing(distances: [2], isShared: [true]),
    ]
    func f(_ row: Int, _ item: Int) -> Double { Double(Self.scores[row * 4 + item - 1]) }
    func softplus(_ x: Double) -> Double { log(1 + exp(x)) }
    let powers = [3.0, 2, 1, 1].map { pow($0 / 7, 0.05) }
    func robust(_ row: Int, _ item: Int) -> Double {
      log(
        (1...4).reduce(0) {
          let gap = f(row, $1) - ($1 == item ? 1 : 0)
          return $0 + exp(powers[$1 - 1] * gap * gap)
        })
    }
    var expected = 0.0
    for (row, list) in Self.lists.enumerated() {
      for (rank, item) in (list?.items ?? []).enumerated() {
        let n = Double(Self.negatives[row])
        let cost = negative == "official" ? softplus(-(1 - n)) : softplus(n)
        expected += weights[row][rank] * (softplus(-f(row, item)) + cost) / 3
        if mean == "elementwise" {
          expected += 0.7 * weights[row][rank] * robust(row, item) / 3
        }
      }
    }
    if mean == "official" {
      let first = (weights[0][0] + weights[2][0]) / 2 * (robust(0, 2) + robust(2, 1)) / 2
      let second = weights[0][1] / 2 * robust(0, 4)
      expected += 0.7 * (first + second) * 2 / 3
    }
    let own = loss(
      try #require(.init(rawValue: negative)), try #require(.init(rawValue: mean)), alpha: 0.7)
    let value = own(
      Tensor(Self.scores, shape: [3, 4]), negatives: Tensor(Self.negatives, shape: [3]),
      lists: Self.lists, term: term
    ).scalars[0]
    #expect(abs(Double(value) - expected) < 2e-6 * expected)
  }

  @Test(arguments: ["official", "bce"], ["official", "elementwise"])
  func gradientMatchesDifferences(negative: String, mean: String) throws {
    let own = loss(
      try #require(.init(rawValue: negative)), try #require(.init(rawValue: mean)), alpha: 0.3)
    let error = GradientCheck.largestError(
      of: { own($0[0], negatives: $0[1], lists: Self.lists, term: term) },
      at: [Tensor(Self.scores, shape: [3, 4]), Tensor(Self.negatives, shape: [3])], step: 0.005)
    #expect(error < 2e-3)
  }

  @Test func rowsWithoutListsAddNothing() {
    let own = loss(.official, .official, alpha: 1)(
      Tensor(Self.scores, shape: [3, 4]), negatives: Tensor(Self.negatives, shape: [3]),
      lists: [nil, nil, nil], term: term)
    #expect(own.scalars == [0])
  }
}

@Suite struct DLLM2RecTests {
  @Test(arguments: ["sasrec", "gru4rec", "caser"])
  func studentsLearnACycle(encoder: String) throws {
    let recommender = try DLLM2RecRecommender(
      with(["encoder": .text(encoder), "alpha": .real(0.05)]))
    try withCompute {
      let data = taught(cycleData())
      let fitted = try recommender.fit(data)
      let histories = data.validation.map(\.history)
      let scores = try fitted.scores(histories: histories)
      for (window, row) in zip(data.validation, scores) {
        #expect(row.indices.max { row[$0] < row[$1] } == window.target - 1, "\(window.history)")
      }
      #expect(try recommender.fit(data).scores(histories: histories) == scores)
      let restored = try recommender.restore(
        StoredTensors(fitted.tensors), catalogue: data.catalogue)
      #expect(
        try restored.scores(histories: histories + [[]])
          == fitted.scores(histories: histories + [[]]))
    }
  }

  /// Section 5.2, "How to tell it is right".
  @Test func withoutWeightsItIsSASRec() throws {
    try withCompute {
      let values = small.merging(["epochs": .integer(3), "weight-decay": .real(0)]) { $1 }
      let plain = try SASRecRecommender(values.merging(["variant": .text("dros")]) { $1 })
      let own = try DLLM2RecRecommender(values.merging(untaught) { $1 })
      let data = cycleData()
      let histories = data.validation.map(\.history)
      let scores = try plain.fit(data).scores(histories: histories)
      // The same sums in another order: all scores come from one product here.
      for (row, expected) in zip(try own.fit(data).scores(histories: histories), scores) {
        #expect(largestGap(row, expected.map(Double.init)) < 1e-3)
      }
      #expect(!own.needs.teacher)
    }
  }

  /// What the language model makes of an item reaches the scores, and only by its weight.
  @Test func itemVectorsAreAddedToTheInput() throws {
    try withCompute { try checkItemVectors() }
  }

  private func checkItemVectors() throws {
    let recommender = try DLLM2RecRecommender(with(["embedding-weight": .real(0.5)]))
    let base = try recommender.encoder(items: 5, seed: 2)
    let plain = base.encode([[1, 2]], positions: .last, dropout: DropoutSource()).scalars
    let vectors = cycleTeacher(cycleData()).embeddings
    let student = try recommender.student(base, vectors, seed: 2)
    let own = student.encode([[1, 2]], positions: .last, dropout: DropoutSource()).scalars
    #expect(largestGap(own, plain.map(Double.init)) > 1e-3)
    let table = try #require(student.addedTable)
    let projection = student.parameters.suffix(2).map(\.tensor)
    let expected =
      Tensor(vectors.values, shape: vectors.shape)
      .linear(projection[0], bias: projection[1]) * 0.5
    #expect(table.shape == [6, 16])
    #expect(largestGap(Array(table.scalars.prefix(80)), expected.scalars.map(Double.init)) < 1e-6)
    #expect(
      largestGap(Array(table.scalars.suffix(16)), projection[1].scalars.map { Double($0) / 2 })
        < 1e-6)
    // Not the sum or the squares: those are constants behind a layer norm.
    var random = SeededGenerator(4)
    let coefficients = Tensor(
      (0..<32).map { _ in Float.random(in: -1...1, using: &random) }, shape: [2, 16])
    let error = GradientCheck.largestError(ofParameters: Array(projection), step: 0.005) {
      let output = student.encode([[1, 2], [3]], positions: .last, dropout: DropoutSource())
      return (output * coefficients).sum()
    }
    #expect(error < 1e-2)
  }

  @Test func aTeacherIsAskedFor() throws {
    #expect(throws: DLLM2RecError.noTeacher) { try DLLM2RecRecommender(small) }
    #expect(throws: DLLM2RecError.noTeacher) { try DLLM2RecRecommender(with([:])).fit(cycleData()) }
    let wrong = TeacherLists(
      lists: [:], embeddings: .init(shape: [4, 2], values: [Float](repeating: 0, count: 8)))
    let data = cycleData()
    #expect(throws: DLLM2RecError.otherCatalogue(vectors: [4, 2], items: 5)) {
      try DLLM2RecRecommender(with([:])).fit(
        RecommenderData(
          train: data.train, validation: [], catalogue: data.catalogue, seed: 1,
          resources: RecommenderResources(teacher: wrong)))
    }
    let registry = PluginRegistry()
    try registry.add(DLLM2RecModule.self)
    #expect(try registry.recommenders.find("dllm2rec") == DLLM2RecRecommender.self)
  }
}
