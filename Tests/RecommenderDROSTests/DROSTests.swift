import BearLabCore
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Foundation
import RecommenderCaser
import RecommenderGRU4Rec
import Testing

@testable import RecommenderDROS

private let small: [String: ParameterValue] = [
  "width": .integer(16), "batch-size": .integer(20), "learning-rate": .real(0.02),
  "epochs": .integer(60), "patience": .integer(60), "max-length": .integer(4),
]

private func with(_ values: [String: ParameterValue]) -> [String: ParameterValue] {
  small.merging(values) { $1 }
}

@Suite struct RobustTermTests {
  /// Section 4.3, "How to tell it is right": counts 2, 1, 0.
  @Test func theWorkedExample() {
    let term = RobustTerm(form: .code, radius: 1, targets: [1, 1, 2], items: 3)
    #expect(largestGap(term.weights, [0.965936, 0.946551, 0.914308] as [Double]) < 1e-6)
    let value = term(Tensor([0.5, -0.2, 0.1], shape: [1, 3]), targets: [0])
    #expect(abs(value.scalars[0] - 1.200239) < 1e-6)
  }

  /// Both forms term by term in double precision, over some rows.
  @Test(arguments: [0.5, 1, 2] as [Double])
  func formsMatchDoublePrecision(radius: Double) {
    let scores: [[Float]] = [[0.5, -0.2, 0.1, 2], [-3, 1, 4, 0]]
    let targets = [3, 0]
    let counts = [3.0, 2, 1, 1]
    let powers = counts.map { pow($0 / 7, 0.05) }
    let total = powers.reduce(0, +)
    var (code, paper) = (0.0, 0.0)
    for (row, target) in zip(scores, targets) {
      var (sum, mean) = (0.0, 0.0)
      for (item, score) in row.enumerated() {
        let gap = Double(score) - (item == target ? 1 : 0)
        sum += exp(powers[item] * gap * gap / radius)
        mean += powers[item] / total * exp(gap * gap / radius)
      }
      code += log(sum) / 2
      paper += radius * log(mean) / 2
    }
    let flat = Tensor(scores.flatMap { $0 }, shape: [2, 4])
    for (form, expected) in [(RobustTerm.Form.code, code), (.paper, paper)] {
      let term = RobustTerm(form: form, radius: Float(radius), targets: [1, 1, 2], items: 4)
      let own = Double(term(flat, targets: targets).scalars[0])
      #expect(abs(own - expected) < 2e-6 * (1 + expected))
      let error = GradientCheck.largestError(
        of: { term($0[0], targets: targets) }, at: [flat], step: 0.005)
      #expect(error < 2e-3)
    }
  }

  /// Large scores overflow no exponential.
  @Test func largeScoresStayFinite() {
    let term = RobustTerm(form: .code, radius: 0.5, targets: [1], items: 2)
    #expect(term(Tensor([40, -60], shape: [1, 2]), targets: [0]).scalars[0].isFinite)
  }
}

@Suite struct Recommenders {
  @Test(arguments: ["sasrec", "gru4rec", "caser"], ["code", "paper"])
  func drosLearnsACycle(encoder: String, form: String) throws {
    let recommender = try DROSRecommender(
      with(["encoder": .text(encoder), "form": .text(form), "alpha": .real(0.05)]))
    let problems = try withCompute { try RecommenderConformance.problems(of: recommender) }
    #expect(problems == [])
  }

  /// With a weight of 0 the loss is that of the base alone.
  @Test func withoutTheTermItIsTheBase() throws {
    let recommender = try DROSRecommender(with(["alpha": .real(0)]))
    let encoder = try recommender.encoder(items: 5, seed: 2)
    let batch = TrainingBatch(windows: Array(cycleData().train.prefix(9)), key: 4)
    let term = RobustTerm(form: .code, radius: 1, targets: [1], items: 5)
    let own = recommender.mean(of: batch, encoder, term)
    let again = TrainingBatch(windows: batch.windows, key: 4)
    let base = NextItemLoss(kind: .bce, isDROS: true)(again, encoder)
    #expect(largestGap(own.scalars, base.scalars) < 1e-6)
  }

  /// With pairs, an item of the history is never a negative, and in so small a catalogue that leaves
  /// it too little to learn from.
  @Test(arguments: [["variant": "dros", "loss": "ce"], ["variant": "recbole"]])
  func gru4recLearnsACycle(values: [String: String]) throws {
    let recommender = try GRU4RecRecommender(with(values.mapValues { .text($0) }))
    let problems = try withCompute { try RecommenderConformance.problems(of: recommender) }
    #expect(problems == [])
  }

  @Test func caserLearnsACycle() throws {
    let problems = try withCompute {
      try RecommenderConformance.problems(of: CaserRecommender(with(["loss": .text("ce")])))
    }
    #expect(problems == [])
  }

  @Test func allAreRegistered() throws {
    let registry = PluginRegistry()
    try registry.add(DROSModule.self)
    try registry.add(GRU4RecModule.self)
    try registry.add(CaserModule.self)
    #expect(try registry.recommenders.find("dros") == DROSRecommender.self)
    #expect(try registry.recommenders.find("gru4rec") == GRU4RecRecommender.self)
    #expect(try registry.recommenders.find("caser") == CaserRecommender.self)
  }
}
