import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveDPO
import ObjectiveRosePO
import ObjectiveSPRec
import Testing

/// The preference cases of `Golden/objectives.json`, computed with PyTorch in double precision.
private struct Golden: Decodable {
  let preferenceCases: [Case]

  struct Case: Decodable {
    let name: String
    let beta: Double
    let policyLogprob: [[Double]]
    let referenceLogprob: [[Double]]
    let loss: Double
    let gradient: [[Float]]
  }

  static func load() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "objectives", withExtension: "json", subdirectory: "Golden"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Golden.self, from: Data(contentsOf: url))
  }
}

@Test func preferenceLossesMatchTheReference() throws {
  let cases = try Golden.load().preferenceCases
  #expect(cases.map(\.name) == ["dpo", "dpo", "sdpo", "sdpo", "sdpo", "sdpo"])
  for (number, expected) in cases.enumerated() {
    let example = PreferenceExample(
      policy: expected.policyLogprob, reference: expected.referenceLogprob)
    let beta = ["beta": ParameterValue.real(expected.beta)]
    let actual =
      expected.name == "dpo"
      ? try example.evaluate(DPOObjective(beta)) : try example.evaluate(SDPOObjective(beta))
    #expect(abs(actual.loss - expected.loss) < 2e-6 * expected.loss, "case \(number)")
    #expect(
      relativeGap(actual.gradient, Array(expected.gradient.joined())) < 2e-6, "case \(number)")
  }
}

@Test func dpoByHand() throws {
  let loss = try PreferenceExample(rewards: [0.2, -0.1]).evaluate(DPOObjective([:])).loss
  #expect(abs(loss - 0.678260) < 1e-6)
}

@Test func sdpoByHand() throws {
  let example = PreferenceExample(rewards: [0.2, -0.1, 0.3, -0.5])
  let actual = try example.evaluate(SDPOObjective([:]))
  #expect(abs(actual.loss - 1.206741) < 1e-6)
  // β softmax_j(β r_j) σ(log-sum-exp), and minus their sum.
  let powers = [-0.1, 0.3, -0.5].map { exp($0) }
  let sigma = 1 / (1 + exp(-0.851251))
  let slopes = powers.map { Float($0 / powers.reduce(0, +) * sigma) }
  #expect(largestGap(actual.gradient, [-Float(sigma)] + slopes) < 1e-6)
}

@Test(arguments: [1, 3, 15])
func atTheReferenceTheLossIsTheLogarithmOfTheAnswers(negatives: Int) throws {
  let example = PreferenceExample(rewards: [Double](repeating: 0, count: 1 + negatives))
  let loss = try example.evaluate(SDPOObjective(["beta": .real(0.3)])).loss
  #expect(abs(loss - log(Double(1 + negatives))) < 1e-6)
}

@Test func sdpoWithOneNegativeIsDPO() throws {
  try withCompute {
    let example = PreferenceExample(
      policy: [[-3, -2.5], [-1, -6]], reference: [[-2.5, -3.5], [-4, -4]])
    let beta = ["beta": ParameterValue.real(0.7)]
    let (first, second) = try (
      example.evaluate(DPOObjective(beta)), example.evaluate(SDPOObjective(beta))
    )
    #expect(first.loss == second.loss && first.gradient == second.gradient)
  }
}

/// What there is, is used; a sample without negatives costs nothing and counts.
@Test func fewerNegativesThanAskedFor() throws {
  let example = PreferenceExample(
    policy: [[-1, -1, -1], [-2], [-1, -1]], reference: [[-1, -1, -1], [-5], [-1, -1]])
  let actual = try example.evaluate(SDPOObjective(["negatives": .integer(3)]))
  #expect(actual.weight == 3)
  #expect(abs(actual.loss - (log(3.0) + log(2.0)) / 3) < 1e-6)
  #expect(actual.gradient[3] == 0)
  let none = try PreferenceExample(policy: [[-2]], reference: [[-1]]).evaluate(DPOObjective([:]))
  #expect(none.loss == 0 && none.weight == 1 && none.gradient == [0])
}

@Test func rosePOByHand() throws {
  // σ(f_w − f_l) = 0.8.
  let example = PreferenceExample(rewards: [0.2, -0.1], scores: [Float(log(4.0)), 0])
  #expect(abs(try example.evaluate(RosePOObjective([:])).loss - 0.684260) < 1e-6)
}

@Test func rosePOWithoutDoubtIsDPO() throws {
  let example = PreferenceExample(rewards: [0.2, -0.4], scores: [60, -60])
  let (smoothed, plain) = try (
    example.evaluate(RosePOObjective([:])), example.evaluate(DPOObjective([:]))
  )
  #expect(abs(smoothed.loss - plain.loss) < 1e-7)
  #expect(relativeGap(smoothed.gradient, plain.gradient) < 1e-6)
}

/// A recommender that holds the pair for wrong does not turn it round: ε stays below ½.
@Test func rosePODoesNotTurnAPairRound() throws {
  let example = PreferenceExample(rewards: [0, 0], scores: [-3, 2])
  let actual = try example.evaluate(RosePOObjective([:]))
  #expect(abs(actual.loss - log(2.0)) < 1e-6)
  #expect(actual.gradient[0] <= 0 && actual.gradient[0] > -1e-6)
}

@Test func rosePOAveragesSeveralNegatives() throws {
  let both = PreferenceExample(rewards: [0.2, -0.1, 0.7], scores: [1, 0, 2])
  let each = [
    PreferenceExample(rewards: [0.2, -0.1], scores: [1, 0]),
    PreferenceExample(rewards: [0.2, 0.7], scores: [1, 2]),
  ]
  let losses = try each.map { try $0.evaluate(RosePOObjective([:])).loss }
  let loss = try both.evaluate(RosePOObjective([:])).loss
  #expect(abs(loss - (losses[0] + losses[1]) / 2) < 1e-6)
}

@Test func preferenceObjectivesKeepTheContract() throws {
  try withCompute { () throws in
    #expect(try ObjectiveConformance.problems(of: DPOObjective([:])) == [])
    #expect(try ObjectiveConformance.problems(of: SDPOObjective(["beta": .real(0.5)])) == [])
    #expect(try ObjectiveConformance.problems(of: SDPOObjective(["negatives": .integer(1)])) == [])
    #expect(try ObjectiveConformance.problems(of: RosePOObjective(["beta": .real(0.3)])) == [])
  }
}

@Test func preferenceNeeds() throws {
  let needs = try SDPOObjective(["negatives": .integer(15)]).needs
  #expect(needs.negatives == ObjectiveNeeds.Negatives(count: 15, sampler: "uniform"))
  #expect(needs.reference == .initial && needs.constraint == .after)
  #expect(try DPOObjective([:]).needs.negatives?.count == 1)
  let rose = try RosePOObjective([:]).needs
  #expect(rose.negatives?.sampler == "hard" && rose.recommender)
}

@Test func whatIsMissingIsNamed() throws {
  var example = PreferenceExample(rewards: [0.2, -0.1])
  #expect(throws: PreferenceError.noRecommenderScore(answer: 1)) {
    try example.evaluate(RosePOObjective([:]))
  }
  example.reference = [[-1, -1]]
  let whole = try example.batch(example.logits)
  let batch = AnswerBatch(
    answers: whole.answers.map {
      AnswerBatch.Answer(sample: $0.sample, title: $0.title, role: $0.role, rows: $0.rows)
    }, targets: whole.targets, allowed: whole.allowed, children: nil,
    vocabulary: { RaggedRows(dense: example.logits, targets: [0, 0]) })
  #expect(throws: PreferenceError.noReference(answer: 0)) { try DPOObjective([:]).loss(batch) }
}

// MARK: Self-play

private func sprec(
  epoch: Int, _ values: [String: ParameterValue] = [:]
) throws -> SPRecObjective {
  var objective = try SPRecObjective(values)
  objective.epochBegins(epoch)
  return objective
}

@Test func selfPlayTurnsWithTheEpochs() throws {
  try withCompute {
    let before = try SPRecObjective([:]).needs
    #expect(
      before.negatives == ObjectiveNeeds.Negatives(count: 1, sampler: "self-play", period: 2))
    for epoch in [0, 2, 4] {
      let needs = try sprec(epoch: epoch).needs
      #expect(needs.negatives == nil && needs.reference == nil)
      #expect(try sprec(epoch: epoch + 1).needs == before)
    }
    #expect(before.reference == .epochStart)
    #expect(try ObjectiveConformance.problems(of: sprec(epoch: 0)) == [])
    #expect(try ObjectiveConformance.problems(of: sprec(epoch: 1)) == [])
  }
}

@Test func selfPlayIsFineTuningThenDPO() throws {
  let tuning = try PreferenceExample(policy: [[-2], [-1]], reference: [[0], [0]])
    .evaluate(sprec(epoch: 2))
  #expect(abs(tuning.loss - 1.5) < 1e-6 && tuning.weight == 2)
  let pairs = PreferenceExample(policy: [[-2, -3], [-1, -5]], reference: [[-2, -3], [-1, -5]])
  let playing = try pairs.evaluate(sprec(epoch: 3))
  #expect(abs(playing.loss - log(2.0)) < 1e-6 && playing.weight == 2)
  let missing = PreferenceExample(policy: [[-2, -3], [-1]], reference: [[-2, -3], [-1]])
  #expect(try missing.evaluate(sprec(epoch: 3)).weight == 1)
}

/// In the example, all answers have the same token.
@Test func equalPairsAreKeptOrDropped() throws {
  let example = PreferenceExample(policy: [[-2, -2]], reference: [[-1, -1]])
  let kept = try example.evaluate(sprec(epoch: 1))
  #expect(kept.weight == 1 && abs(kept.loss - log(2.0)) < 1e-6)
  let dropped = try example.evaluate(sprec(epoch: 1, ["drop-equal": .flag(true)]))
  #expect(dropped.weight == 0 && dropped.loss == 0)
  let other = try AnswerBatch(
    logits: Tensor([1, 2, 3, 4], shape: [2, 2]), targets: [0, 1], allowed: [[0, 1], [0, 1]],
    answers: example.batch(example.logits).answers)
  #expect(
    try sprec(epoch: 1, ["drop-equal": .flag(true)]).loss(other).weight.scalars[0] == 1)
}
