import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveBEAR
import ObjectiveMSL
import ObjectiveSFT
import Testing

/// `Golden/objectives.json`, computed with PyTorch in double precision.
private struct Golden: Decodable {
  let tokenCases: [TokenCase]

  struct TokenCase: Decodable {
    let shape: [Int]
    let logits: [Float]
    let targets: [Int32]
    let allowed: [[Int32]]
    let objectives: [Case]
  }

  struct Case: Decodable {
    let name: String
    let parameters: Parameters
    let loss: Double
    let gradient: [Float]
  }

  struct Parameters: Decodable {
    let tau: Double?
    let B: Int?
    let xi: Double?
    let lam: Double?
    let detach: Bool?
    let constrained: Bool?
  }

  static func load() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "objectives", withExtension: "json", subdirectory: "Golden"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Golden.self, from: Data(contentsOf: url))
  }
}

extension Golden.Case {
  /// The objective that the case is of.
  func objective() throws -> any Objective {
    switch name {
    case "sft": return try SFTObjective([:])
    case "msl": return try MSLObjective(["tau": .real(#require(parameters.tau))])
    default:
      var values: [String: ParameterValue] = [
        "form": .text(name == "bear_paper" ? "paper" : "code"),
        "lambda-convention": .text(name == "bear_paper" ? "paper" : "code"),
        "beam-width": .integer(try #require(parameters.B)),
        "xi": .real(try #require(parameters.xi)), "lambda": .real(try #require(parameters.lam)),
      ]
      if parameters.detach == false { values["beta-grad"] = .text("flow") }
      if parameters.constrained == false {
        values["base"] = .text("full")
        values["beta-over"] = .text("vocabulary")
      }
      return try BEARObjective(values)
    }
  }
}

@Test func lossesAndGradientsMatchTheReference() throws {
  let golden = try Golden.load()
  var compared = 0
  for (number, sample) in golden.tokenCases.enumerated() {
    for expected in sample.objectives {
      let logits = Tensor(sample.logits, shape: sample.shape, requiresGradient: true)
      let batch = try AnswerBatch(
        logits: logits, targets: sample.targets, allowed: sample.allowed)
      let loss = try expected.objective().loss(batch).mean
      loss.backward()
      let gradient = try #require(logits.gradient)
      let gap = abs(Double(loss.scalars[0]) - expected.loss) / abs(expected.loss)
      let gradientGap = relativeGap(gradient, expected.gradient)
      #expect(gap < 2e-6, "case \(number), \(expected.name) \(expected.parameters)")
      #expect(gradientGap < 2e-6, "case \(number), \(expected.name) \(expected.parameters)")
      compared += 1
    }
  }
  #expect(compared == 27)
}
