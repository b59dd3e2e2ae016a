import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveMSL
import Testing

private func ats(_ others: [String: ParameterValue] = [:]) throws -> MSLObjective {
  try MSLObjective(others.merging(["ats": .text("on")], uniquingKeysWith: { first, _ in first }))
}

/// A first token with 46 children: δ = 4 and s² = 2 over the 46 logits; then a forced token.
private func exampleBatch() throws -> AnswerBatch {
  // The target has 4, the others −4 / 45 ± d, so that all 46 have mean 0 and squares of 2 · 45.
  let mean = -4.0 / 45
  let spread = ((2 * 45 - 16 - 45 * mean * mean) / 44).squareRoot()
  let others = [mean] + (0..<44).map { mean + ($0 % 2 == 0 ? spread : -spread) }
  let logits = ([4] + others).map { Float($0) } + (0..<46).map { Float($0) }
  return try AnswerBatch(
    logits: Tensor(logits, shape: [2, 46]), targets: [0, 3],
    allowed: [Array(0..<46), [3]])
}

/// The temperature after one step of the example: (1 − a) · 1.5 + a · τ̂.
@Test(arguments: [
  // C = 2.442347, τ̂ = 1.329893: below ats-min, so τ stays.
  ([:], 1.5),
  (["ats-min": ParameterValue.real(1)], 0.95 * 1.5 + 0.05 * 1.329893),
  (["ats-min": .real(1), "ats-momentum": .real(1)], 1.329893),
  (["ats-initial": .real(3), "ats-momentum": .real(0.5)], 2.25),
  (["ats-min": .real(0.5), "ats-max": .real(1.25), "ats-momentum": .real(1)], 1.25),
  // 46 η ≤ 1: no temperature gives the target that probability.
  (["ats-eta": .real(0.02), "ats-momentum": .real(1)], 1.5),
  (["ats-min": .real(1), "ats-warmup": .integer(1)], 1.5),
])
func theExampleOfTheSpecification(
  parameters: [String: ParameterValue], temperature: Double
) throws {
  var objective = try ats(parameters)
  try objective.observe(exampleBatch())
  objective.stepEnded()
  #expect(abs(try #require(objective.state["ats-temperature"]) - temperature) < 1e-6)
}

/// δ² < 2 C s²: the target's logit is at the mean, and what is under the root counts as 0.
@Test func noRealRootCountsAsZero() throws {
  let logits = Tensor([0, 3, -3], shape: [1, 3])
  let batch = try AnswerBatch(logits: logits, targets: [0], allowed: [[0, 1, 2]])
  var objective = try ats(["ats-momentum": .real(1), "ats-eta": .real(0.9)])
  try objective.observe(batch)
  objective.stepEnded()
  #expect(objective.state["ats-temperature"] == 1.5)
}

@Test func theLossIsScaledByTheTemperatureAndLeavesForcedTokensOut() throws {
  let adaptive = try WorkedExample.evaluate(ats(["ats-initial": .real(2)]))
  let fixed = try WorkedExample.evaluate(MSLObjective(["tau": .real(2)]))
  #expect(adaptive.weight == 3)
  #expect(abs(adaptive.loss - 2 * fixed.loss * 5 / 3) < 1e-6)
  #expect(relativeGap(adaptive.gradient, fixed.gradient.map { $0 * 2 * 5 / 3 }) < 1e-6)
}

@Test func whatIsObservedCountsWhenTheStepHasEnded() throws {
  try withCompute {
    var objective = try ats(["ats-min": .real(0.5), "ats-momentum": .real(1)])
    let before = try WorkedExample.evaluate(objective).loss
    try objective.observe(exampleBatch())
    #expect(try WorkedExample.evaluate(objective).loss == before)
    objective.stepEnded()
    #expect(try WorkedExample.evaluate(objective).loss != before)
    let temperature = objective.state["ats-temperature"]
    // A step that saw nothing teaches nothing, and what it saw before is forgotten.
    objective.stepEnded()
    #expect(objective.state["ats-temperature"] == temperature)
  }
}

@Test func statisticsAreAdditiveOverSamples() throws {
  var random = SeededGenerator(8)
  let needs = try ats().needs
  let answers = RandomAnswers(samples: 6, needs: needs, using: &random)
  let logits = answers.logits(using: &random)
  func temperature(_ parts: [[Int]]) throws -> Double {
    var objective = try ats([
      "ats-min": .real(0.01), "ats-momentum": .real(1), "ats-eta": .real(0.9),
    ])
    for samples in parts { try objective.observe(answers.batch(logits, samples: samples)) }
    objective.stepEnded()
    return try #require(objective.state["ats-temperature"])
  }
  let whole = try temperature([[0, 1, 2, 3, 4, 5]])
  #expect(whole != 1.5 && whole != 0.01)
  for parts in [[[0, 1, 2], [3, 4, 5]], [[5], [3, 1], [0, 2, 4]], (0..<6).map { [$0] }] {
    #expect(abs(try temperature(parts) - whole) < 1e-12)
  }
}

@Test func warmUpCountsSteps() throws {
  var objective = try ats([
    "ats-min": .real(1), "ats-momentum": .real(1), "ats-warmup": .integer(2),
  ])
  let temperatures = try (0..<3).map { _ in
    try objective.observe(exampleBatch())
    objective.stepEnded()
    return try #require(objective.state["ats-temperature"])
  }
  #expect(temperatures[...1] == [1.5, 1.5])
  #expect(abs(temperatures[2] - 1.329893) < 1e-6)
}

@Test func theStateIsComplete() throws {
  try withCompute {
    let parameters: [String: ParameterValue] = [
      "ats-min": .real(1), "ats-momentum": .real(0.5), "ats-warmup": .integer(1),
    ]
    var (first, second) = try (ats(parameters), ats(parameters))
    for _ in 0..<2 {
      try first.observe(exampleBatch())
      first.stepEnded()
    }
    second.state = first.state
    #expect(second.state == first.state)
    for _ in 0..<2 {
      try first.observe(exampleBatch())
      first.stepEnded()
      try second.observe(exampleBatch())
      second.stepEnded()
    }
    #expect(second.state == first.state)
    #expect(try MSLObjective([:]).state.isEmpty)
  }
}

@Test func theAdaptiveLossKeepsTheContract() throws {
  try withCompute { () throws in
    #expect(try ObjectiveConformance.problems(of: ats(["ats-initial": .real(2.5)])) == [])
  }
}

@Test func parametersWithoutEffectAreRefused() {
  #expect(throws: MSLError.withoutEffect("tau", value: "4.5", ats: "on")) {
    try ats(["tau": .real(4.5)])
  }
  for name in ["ats-eta", "ats-momentum", "ats-initial", "ats-min", "ats-max"] {
    #expect(throws: MSLError.withoutEffect(name, value: "0.5", ats: "off")) {
      try MSLObjective([name: .real(0.5)])
    }
  }
  #expect(throws: MSLError.withoutEffect("ats-warmup", value: "3", ats: "off")) {
    try MSLObjective(["ats-warmup": .integer(3)])
  }
  #expect(throws: MSLError.emptyRange(minimum: 6, maximum: 5)) { try ats(["ats-min": .real(6)]) }
}
