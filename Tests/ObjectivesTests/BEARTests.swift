import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveBEAR
import ObjectiveMSL
import Testing

private func bear(
  lambda: Double, xi: Double, _ others: [String: ParameterValue] = [:]
) throws -> BEARObjective {
  try BEARObjective(
    others.merging(
      ["beam-width": .integer(2), "lambda": .real(lambda), "xi": .real(xi)],
      uniquingKeysWith: { first, _ in first }))
}

/// ℓ and w of the tokens a, d and e in the table of section 6.3.
@Test(arguments: [
  (0, 0.464369, 1.731059, 1.147480), (1, 1.313262, 1.5, 1.125), (3, 1.964369, 1.377541, 1.113668),
])
func theTableOfTheWorkedExample(row: Int, loss: Double, strong: Double, weak: Double) throws {
  for (lambda, xi, weight) in [(1.0, 1.0, strong), (0.25, 2.75, weak)] {
    let terms = try bear(lambda: lambda, xi: xi).loss(WorkedExample.row(row))
    #expect(abs(Double(terms.weight.scalars[0]) - weight) < 1e-6)
    #expect(abs(Double(terms.mean.scalars[0]) - loss) < 1e-6)
  }
}

@Test(arguments: [
  (1.0, 1.0, 1.189025, 4.608599), (0.25, 2.75, 1.239735, 3.386148), (0, 1, 1.247333, 3),
])
func theCodesFormOfTheWorkedExample(
  lambda: Double, xi: Double, loss: Double, weight: Double
) throws {
  let actual = try WorkedExample.evaluate(bear(lambda: lambda, xi: xi))
  #expect(abs(actual.loss - loss) < 1e-6)
  #expect(abs(actual.weight - weight) < 1e-6)
}

@Test func thePapersFormOfTheWorkedExample() throws {
  let objective = try bear(lambda: 1, xi: 1, ["form": .text("paper")])
  let actual = try WorkedExample.evaluate(objective)
  // Two samples; each of the two forced tokens adds ln ½.
  #expect(abs(actual.loss * 2 - (1.261514 + 2 * log(0.5))) < 1e-6)
  #expect(actual.weight == 2)
}

@Test func thePapersGradientIsTheCodesUpToTheNormaliser() throws {
  let code = try WorkedExample.evaluate(bear(lambda: 0.25, xi: 2.75))
  let paper = try WorkedExample.evaluate(
    bear(lambda: 0.25, xi: 2.75, ["form": .text("paper")]))
  let fromCode = code.gradient.map { Float(Double($0) * code.weight / paper.weight) }
  #expect(relativeGap(paper.gradient, fromCode) < 1e-6)
  #expect(paper.gradient.contains { $0 != 0 })
}

/// λ = λ_c ξ = 0.6875: one weight, called by either name in either form.
@Test(arguments: ["code", "paper"])
func theConventionsOfLambdaNameOneWeight(form: String) throws {
  let values = ["form": ParameterValue.text(form)]
  let code = try WorkedExample.evaluate(bear(lambda: 0.25, xi: 2.75, values))
  let paper = try WorkedExample.evaluate(
    bear(
      lambda: 0.6875, xi: 2.75,
      values.merging(["lambda-convention": .text("paper")], uniquingKeysWith: { $1 })))
  #expect(abs(code.loss - paper.loss) < 1e-6)
  #expect(relativeGap(code.gradient, paper.gradient) < 1e-6)
}

@Test func withoutARegulariserBEARIsMSLWithAnotherNormaliser() throws {
  let bear = try WorkedExample.evaluate(bear(lambda: 0, xi: 1))
  let msl = try WorkedExample.evaluate(MSLObjective([:]))
  #expect(abs(bear.loss * 3 - msl.loss * 5) < 1e-5)
  let all = try WorkedExample.evaluate(
    BEARObjective(["lambda": .real(0), "normalise": .text("all-tokens")]))
  #expect(abs(all.loss - msl.loss) < 1e-7)
  #expect(relativeGap(all.gradient, msl.gradient) < 1e-6)
}

/// Three tokens are fewer than ten: the threshold is e, the least probable.
@Test func fewerTokensThanTheWidthTakeTheSmallestAsThreshold() throws {
  let weight = try BEARObjective(["lambda": .real(1), "xi": .real(1)])
    .loss(WorkedExample.row(0)).weight.scalars[0]
  #expect(abs(Double(weight) - (1 + 1 / (1 + exp(-1.5)))) < 1e-6)
  for (fewer, expected) in [("skip", Float(1)), ("none", 2)] {
    let objective = try BEARObjective(["lambda": .real(1), "fewer": .text(fewer)])
    #expect(try objective.loss(WorkedExample.row(0)).weight.scalars[0] == expected)
  }
}

@Test(arguments: ["code", "paper"])
func forcedTokensAloneGiveNoGradient(form: String) throws {
  let logits = Tensor([1, 2, 3, -4], shape: [2, 2], requiresGradient: true)
  let batch = try AnswerBatch(logits: logits, targets: [1, 0], allowed: [[1], [0]])
  let terms = try bear(lambda: 2, xi: 1, ["form": .text(form)]).loss(batch)
  terms.mean.backward()
  let expected = form == "code" ? 0 : 2 * 2 * log(0.5)
  #expect(abs(Double(terms.mean.scalars[0]) - expected) < 1e-6)
  #expect((logits.gradient ?? []).allSatisfy { $0 == 0 })
}

/// Soft-max probabilities of the last tokens underflow; log-probabilities do not.
@Test(arguments: ["code", "paper"])
func improbableTargetsStayFinite(form: String) throws {
  let logits = Tensor([500, 0, -700], shape: [1, 3], requiresGradient: true)
  let batch = try AnswerBatch(logits: logits, targets: [2], allowed: [[0, 1, 2]])
  let loss = try BEARObjective(["form": .text(form), "beam-width": .integer(1)]).loss(batch).mean
  loss.backward()
  #expect(loss.scalars[0].isFinite && loss.scalars[0] > 1000)
  #expect(try #require(logits.gradient).allSatisfy(\.isFinite))
}

@Test func theModulesRegisterTheirObjectives() throws {
  let registry = PluginRegistry()
  try registry.add(BEARModule.self)
  try registry.add(MSLModule.self)
  #expect(registry.objectives.names == ["bear", "msl"])
}
