import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveBEAR
import ObjectiveDPO
import ObjectiveSDPOBEAR
import Testing

private struct Case {
  var reduction = "mean"
  var softmax = "full"
  var convention = "paper"
  private let beta = 0.6
  private let lambda = 0.4
  private let xi = 1.3
  private let width = 5

  func objective() throws -> SDPOBEARObjective {
    try SDPOBEARObjective([
      "beta": .real(beta), "lambda": .real(lambda), "xi": .real(xi), "beam-width": .integer(width),
      "neg-reduction": .text(reduction), "sdpo-softmax": .text(softmax),
      "lambda-convention": .text(convention),
    ])
  }

  /// The sum as a function of a batch, with the thresholds as at `point`.
  func frozen(_ point: AnswerBatch) throws -> (AnswerBatch) throws -> Tensor {
    let fixed = try RowReference(point)
    return { batch in
      let rows = try RowReference(batch)
      let losses = batch.preferences.map { loss($0, rows, fixed) }
      return Tensor(scalar: Float(losses.reduce(0, +)))
    }
  }

  private func loss(
    _ preference: AnswerBatch.Preference, _ rows: RowReference, _ fixed: RowReference
  ) -> Double {
    func reward(_ answer: Int) -> Double {
      rows.answer(answer, masked: softmax == "masked")
        - Double(rows.batch.answers[answer].referenceLogProbability ?? .nan)
    }
    func regulariser(_ answer: Int) -> Double {
      rows.batch.answers[answer].rows.filter { rows.batch.allowed[$0].count > 1 }.reduce(0) {
        let margin = fixed.threshold($1, width: width) - rows.target($1, masked: true)
        return $0 + RowReference.logSigmoid(margin / xi)
      }
    }
    let powers = preference.negatives.map {
      exp(beta * (reward($0) - reward(preference.positive)))
    }
    let negatives = preference.negatives.map(regulariser).reduce(0, +)
    let share = reduction == "mean" ? Double(preference.negatives.count) : 1
    return log(1 + powers.reduce(0, +)) + (convention == "code" ? lambda * xi : lambda)
      * (regulariser(preference.positive) - negatives / share)
  }
}

private let cases = [
  Case(), Case(reduction: "sum"), Case(softmax: "masked"), Case(convention: "code"),
  Case(reduction: "sum", softmax: "masked"),
]

@Test func sdpoBEARMatchesTheReference() throws {
  var random = SeededGenerator(5)
  for each in cases {
    let objective = try each.objective()
    let answers = RandomAnswers(samples: 4, needs: objective.needs, using: &random)
    let batch = try answers.batch(answers.logits(using: &random))
    let terms = try objective.loss(batch)
    let expected = try each.frozen(batch)(batch).scalars[0]
    #expect(abs(terms.sum.scalars[0] - expected) < 2e-5 * max(1, abs(expected)), "\(each)")
    #expect(terms.weight.scalars[0] == 4)
  }
}

@Test func sdpoBEARKeepsTheContract() throws {
  try withCompute { () throws in
    for each in cases {
      #expect(
        try ObjectiveConformance.problems(of: each.objective(), batches: 4, frozen: each.frozen)
          == [], "\(each)")
    }
  }
}

@Test func withoutARegulariserItIsSDPO() throws {
  var random = SeededGenerator(6)
  let plain = try SDPOObjective(["negatives": .integer(2)])
  let objective = try SDPOBEARObjective(["negatives": .integer(2), "lambda": .real(0)])
  #expect(objective.needs == plain.needs)
  let answers = RandomAnswers(samples: 3, needs: plain.needs, using: &random)
  let logits = answers.logits(using: &random)
  func evaluate(_ objective: some Objective) throws -> (Float, [Float]) {
    let leaf = Tensor(logits.scalars, shape: logits.shape, requiresGradient: true)
    let loss = try objective.loss(answers.batch(leaf)).mean
    loss.backward()
    return try (loss.scalars[0], #require(leaf.gradient))
  }
  let (first, second) = try (evaluate(plain), evaluate(objective))
  #expect(abs(first.0 - second.0) < 1e-6 && relativeGap(first.1, second.1) < 1e-6)
}

/// The worked example's answer (a, d, EOS) as the positive, and (e, EOS) or itself as the negative.
private func batch(_ logits: Tensor, same: Bool) throws -> AnswerBatch {
  let rows = same ? [0, 1, 2, 0, 1, 2] : [0, 1, 2, 3, 4]
  let lengths = [3, same ? 3 : 2]
  return try AnswerBatch(
    logits: logits.rows(at: rows), targets: rows.map { WorkedExample.targets[$0] },
    allowed: rows.map { WorkedExample.allowed[$0] },
    answers: [
      AnswerBatch.Answer(
        sample: 0, title: 0, role: .positive, rows: 0..<3, referenceLogProbability: -3),
      AnswerBatch.Answer(
        sample: 0, title: 1, role: .negative, rows: 3..<3 + lengths[1],
        referenceLogProbability: -3),
    ])
}

@Test func anAnswerAgainstItselfHasNoRegulariser() throws {
  let logits = WorkedExample.logits()
  let objective = try SDPOBEARObjective(["lambda": .real(3), "negatives": .integer(1)])
  let loss = try objective.loss(batch(logits, same: true)).mean
  loss.backward()
  #expect(abs(Double(loss.scalars[0]) - log(2.0)) < 1e-6)
  #expect(try #require(logits.gradient).allSatisfy { abs($0) < 1e-6 })
}

/// With B = 2, ξ = 1 and λ = 1: −1.313262 − 0.693147 of the positive, −0.474077 of the negative.
@Test func theRegulariserByHand() throws {
  func loss(_ lambda: Double) throws -> Double {
    let objective = try SDPOBEARObjective([
      "lambda": .real(lambda), "xi": .real(1), "beam-width": .integer(2), "negatives": .integer(1),
    ])
    return Double(try objective.loss(batch(WorkedExample.logits(), same: false)).mean.scalars[0])
  }
  #expect(abs(try loss(1) - loss(0) - (-1.313262 - 0.693147 + 0.474077)) < 1e-5)
}

/// 30 nats inside the beam: log σ(−30) is reported as log σ(−10), and pushes as before.
@Test func theReportedValueIsCut() throws {
  func evaluate(_ lambda: Double) throws -> (loss: Double, slope: Float) {
    let logits = Tensor([30, 0, 0, 0], shape: [2, 2], requiresGradient: true)
    let batch = try AnswerBatch(
      logits: logits, targets: [0, 0], allowed: [[0, 1], [0]],
      answers: [
        AnswerBatch.Answer(
          sample: 0, title: 0, role: .positive, rows: 0..<1, referenceLogProbability: 0),
        AnswerBatch.Answer(
          sample: 0, title: 1, role: .negative, rows: 1..<2, referenceLogProbability: 0),
      ])
    let objective = try SDPOBEARObjective([
      "lambda": .real(lambda), "xi": .real(1), "beam-width": .integer(2), "negatives": .integer(1),
    ])
    let loss = try objective.loss(batch).mean
    loss.backward()
    return (Double(loss.scalars[0]), try #require(logits.gradient)[1])
  }
  let (plain, regularised) = try (evaluate(0), evaluate(1))
  #expect(abs(regularised.loss - plain.loss - RowReference.logSigmoid(-10)) < 1e-5)
  // d/dz_1 of −log p is p_1 = e^−30.
  #expect(abs(Double(regularised.slope - plain.slope) - exp(-30)) < 1e-15)
}

@Test func theMaskedSoftmaxIsDecodedBefore() throws {
  let needs = try SDPOBEARObjective(["sdpo-softmax": .text("masked")]).needs
  #expect(needs.columns == .children && needs.constraint == .before)
}
