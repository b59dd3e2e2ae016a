import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveMSL
import ObjectiveSFT
import Testing

@Test(arguments: [1.0, 0.7])
func sftKeepsTheContract(tau: Double) throws {
  try withCompute { () throws in
    #expect(try ObjectiveConformance.problems(of: SFTObjective(["tau": .real(tau)])) == [])
  }
}

@Test(arguments: [1.0, 4.5])
func mslKeepsTheContract(tau: Double) throws {
  try withCompute { () throws in
    #expect(try ObjectiveConformance.problems(of: MSLObjective(["tau": .real(tau)])) == [])
  }
}

@Test func uniformLogitsCostTheLogarithmOfTheVocabulary() throws {
  let batch = try AnswerBatch(
    logits: Tensor([Float](repeating: 0.3, count: 200), shape: [2, 100]), targets: [7, 99],
    allowed: [[7], [3, 99]])
  let loss = try SFTObjective([:]).loss(batch).mean.scalars[0]
  #expect(abs(Double(loss) - log(100)) < 1e-6)
}

@Test func mslOfTheWorkedExample() throws {
  let (loss, weight, _) = try WorkedExample.evaluate(MSLObjective([:]))
  #expect(abs(loss - 0.748400) < 1e-6)
  #expect(weight == 5)
}

@Test(arguments: [1.0, 0.7])
func mslWithAllTokensAllowedIsSFT(tau: Double) throws {
  var random = SeededGenerator(3)
  let scalars = (0..<4 * 9).map { _ in Float.random(in: -3...3, using: &random) }
  func evaluate(_ objective: some Objective) throws -> (Float, [Float]) {
    let logits = Tensor(scalars, shape: [4, 9], requiresGradient: true)
    let loss = try objective.loss(
      AnswerBatch(
        logits: logits, targets: [0, 8, 3, 3],
        allowed: [[Int32]](repeating: Array(0..<9), count: 4))
    ).mean
    loss.backward()
    return try (loss.scalars[0], #require(logits.gradient))
  }
  let msl = try evaluate(MSLObjective(["tau": .real(tau)]))
  let sft = try evaluate(SFTObjective(["tau": .real(tau)]))
  #expect(abs(msl.0 - sft.0) < 1e-6)
  #expect(relativeGap(msl.1, sft.1) < 1e-6)
}

@Test func mslDoesNotSeeInvalidLogits() throws {
  try withCompute {
    let objective = try MSLObjective([:])
    let first = try WorkedExample.evaluate(objective)
    let second = try WorkedExample.evaluate(objective, logits: WorkedExample.logits(invalid: 500))
    #expect(first.loss == second.loss)
    #expect(first.gradient == second.gradient)
  }
}

@Test func needsNameColumnsAndConstraint() throws {
  #expect(try SFTObjective([:]).needs.columns == .targets)
  #expect(try SFTObjective([:]).needs.constraint == .after)
  #expect(try MSLObjective([:]).needs.columns == .children)
  #expect(try MSLObjective([:]).needs.constraint == .before)
}

@Test func aTemperatureOfZeroIsRefused() {
  #expect(throws: ParameterError.self) { try SFTObjective(["tau": .real(0)]) }
  #expect(throws: ParameterError.self) { try MSLObjective(["tau": .real(0)]) }
}

@Test func missingColumnsAreReported() throws {
  let batch = AnswerBatch(
    answers: [], targets: [], allowed: [], children: nil, vocabulary: nil)
  #expect(throws: AnswerBatchError.notComputed(columns: "vocabulary")) {
    try SFTObjective([:]).loss(batch)
  }
  #expect(throws: AnswerBatchError.notComputed(columns: "children")) {
    try MSLObjective([:]).loss(batch)
  }
}
