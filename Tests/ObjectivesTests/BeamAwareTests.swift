import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveBeamAware
import ObjectiveMSL
import Testing

private func beamAware(
  _ form: String, convention: String = "code", lambda: Double = 1, xi: Double = 1
) throws -> BeamAwareObjective {
  try BeamAwareObjective([
    "form": .text(form), "lambda-convention": .text(convention), "lambda": .real(lambda),
    "xi": .real(xi),
  ])
}

/// Per-token losses 1, ½ and 2½: π = −1, −1½, −4; then a forced token where `forced`.
private func example(forced: Bool = false) throws -> AnswerBatch {
  let scalars = twoTokenLogits([-1, -0.5, -2.5])
  let rows = forced ? 4 : 3
  return try AnswerBatch(
    logits: Tensor(forced ? scalars + [3, 1] : scalars, shape: [rows, 2]),
    targets: [Int32](repeating: 0, count: rows),
    allowed: [[0, 1], [0, 1], [0, 1]] + (forced ? [[0]] : []),
    beamThresholds: [-2, -1.2, -3] + (forced ? [-5] : []))
}

@Test func objective31ByHand() throws {
  let terms = try beamAware("code").loss(example())
  #expect(abs(Double(terms.weight.scalars[0]) - (2.425557 + 1.694499 + 1.268941)) < 1e-5)
  #expect(abs(Double(terms.mean.scalars[0]) - 1.195985) < 1e-6)
  let paper = try beamAware("paper").loss(example())
  #expect(paper.weight.scalars[0] == 1)
  #expect(abs(Double(paper.sum.scalars[0]) - (4 - 2.180879)) < 1e-5)
}

/// Its prefix is compared with the beam as any other, but it costs nothing itself.
@Test func aForcedTokenCountsForThoseBeforeIt() throws {
  let q = 1 / (1 + exp(-1.0))
  let terms = try beamAware("code").loss(example(forced: true))
  #expect(abs(Double(terms.weight.scalars[0]) - (5.388997 + 3 * q)) < 1e-5)
  let sum = 2.425557 + 0.5 * 1.694499 + 2.5 * 1.268941 + 4 * q
  #expect(abs(Double(terms.sum.scalars[0]) - sum) < 1e-5)
}

@Test func withoutARegulariserItIsMSLOverTokensWithAChoice() throws {
  let terms = try beamAware("code", lambda: 0).loss(example(forced: true))
  let plain = try MSLObjective([:]).loss(example(forced: true))
  #expect(terms.weight.scalars[0] == 3 && plain.weight.scalars[0] == 4)
  #expect(abs(terms.sum.scalars[0] - plain.sum.scalars[0]) < 1e-6)
}

private struct Reference {
  let form: String
  let convention: String
  private let lambda = 0.6
  private let xi = 1.3

  func objective() throws -> BeamAwareObjective {
    try beamAware(form, convention: convention, lambda: lambda, xi: xi)
  }

  func frozen(_ point: AnswerBatch) throws -> (AnswerBatch) throws -> Tensor {
    let fixed = try weights(RowReference(point))
    return { batch in
      let rows = try RowReference(batch)
      let values = batch.targets.indices.map { rows.target($0, masked: true) }
      guard form == "paper" else {
        return Tensor(scalar: Float(zip(values, fixed).reduce(0) { $0 - $1.0 * $1.1 }))
      }
      let weight = convention == "code" ? lambda * xi : lambda
      let regulariser = try margins(rows).map { RowReference.logSigmoid(-$0) }.reduce(0, +)
      return Tensor(scalar: Float(weight * regulariser - values.reduce(0, +)))
    }
  }

  /// `[rows]`: (π_t − c_t) / ξ.
  private func margins(_ rows: RowReference) throws -> [Double] {
    let thresholds = try rows.batch.beamThresholds
    return rows.batch.answers.flatMap { answer in
      answer.rows.map { row in
        let prefix = (answer.rows.lowerBound...row).reduce(0) { $0 + rows.target($1, masked: true) }
        return (prefix - Double(thresholds[row])) / xi
      }
    }
  }

  func weights(_ rows: RowReference) throws -> [Double] {
    let q = try margins(rows).map { exp(RowReference.logSigmoid($0)) }
    let weight = convention == "code" ? lambda : lambda / xi
    return rows.batch.answers.flatMap { answer in
      answer.rows.map { 1 + weight * q[$0..<answer.rows.upperBound].reduce(0, +) }
    }
  }
}

@Test(arguments: ["code", "paper"], ["code", "paper"])
func objective31MatchesTheReference(form: String, convention: String) throws {
  try withCompute {
    let reference = Reference(form: form, convention: convention)
    let objective = try reference.objective()
    var random = SeededGenerator(9)
    let answers = RandomAnswers(samples: 5, needs: objective.needs, using: &random)
    let batch = try answers.batch(answers.logits(using: &random))
    let terms = try objective.loss(batch)
    let sum = try reference.frozen(batch)(batch).scalars[0]
    #expect(abs(terms.sum.scalars[0] - sum) < 2e-5 * abs(sum))
    let weights = try reference.weights(RowReference(batch))
    let weight = form == "paper" ? 5 : batch.rowsWithChoice.reduce(0) { $0 + weights[$1] }
    #expect(abs(Double(terms.weight.scalars[0]) - weight) < 1e-5 * weight)
    #expect(try ObjectiveConformance.problems(of: objective, frozen: reference.frozen) == [])
  }
}

/// The two forms have one gradient up to the normaliser.
@Test func theFormsOfObjective31HaveOneDirection() throws {
  var random = SeededGenerator(10)
  let needs = try beamAware("code").needs
  let answers = RandomAnswers(samples: 3, needs: needs, using: &random)
  let logits = answers.logits(using: &random)
  func gradient(_ form: String) throws -> [Float] {
    let leaf = Tensor(logits.scalars, shape: logits.shape, requiresGradient: true)
    try beamAware(form, lambda: 0.7, xi: 1.9).loss(answers.batch(leaf)).sum.backward()
    return try #require(leaf.gradient)
  }
  #expect(relativeGap(try gradient("paper"), try gradient("code")) < 1e-5)
}

@Test func objective31AsksForBeams() throws {
  let needs = try BeamAwareObjective(["beam-width": .integer(4)]).needs
  #expect(needs.beamWidth == 4 && needs.columns == .children && needs.constraint == .before)
  #expect(BeamAwareObjective.summary.hasPrefix("Obj. (3.1)"))
  #expect(throws: AnswerBatchError.notComputed(columns: "beams")) {
    try BeamAwareObjective([:]).loss(WorkedExample.row(0))
  }
}
