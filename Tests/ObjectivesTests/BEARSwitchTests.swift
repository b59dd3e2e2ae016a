import BearLabCore
import BearLabTensor
import BearLabTestSupport
import ObjectiveBEAR
import Testing

/// Every combination of switches that the objective accepts.
private func acceptedCombinations() throws -> [BEARReference] {
  let options = BEARObjective.parameters.compactMap { parameter in
    if case .choice(let words) = parameter.domain { (parameter.name, words) } else { nil }
  }
  let all = options.reduce([[:]] as [[String: String]]) { combinations, option in
    combinations.flatMap { combination in
      option.1.map { combination.merging([option.0: $0], uniquingKeysWith: { $1 }) }
    }
  }
  return all.map { BEARReference(switches: $0) }.filter { reference in
    do {
      _ = try BEARObjective(reference.parameters)
      return true
    } catch {
      return false
    }
  }
}

@Test func noOtherCombinationIsRefused() throws {
  // code: 3 fewer × 4 normalise × 2 surrogate for masked and full/valid, 4 × 2 for full/vocabulary;
  // paper: 2 beta-grad × 2 fewer × 2 normalise × 2 surrogate, twice, and 2 × 2 × 2;
  // each in both conventions of λ.
  #expect(try acceptedCombinations().count == 2 * (24 + 24 + 8 + 16 + 16 + 8))
}

@Test func everyCombinationMatchesTheReference() throws {
  var random = SeededGenerator(17)
  for reference in try acceptedCombinations() {
    let objective = try BEARObjective(reference.parameters)
    let answers = RandomAnswers(samples: 4, needs: objective.needs, using: &random)
    let batch = try answers.batch(answers.logits(using: &random))
    let terms = try objective.loss(batch)
    let sum = try reference.frozen(batch)(batch).scalars[0]
    let weight = try reference.weight(batch)
    #expect(abs(terms.sum.scalars[0] - sum) < 2e-5 * max(1, abs(sum)), "\(reference.switches)")
    #expect(abs(Double(terms.weight.scalars[0]) - weight) < 1e-5, "\(reference.switches)")
  }
}

@Test func everyCombinationKeepsTheContract() throws {
  try withCompute {
    for reference in try acceptedCombinations() {
      let problems = try ObjectiveConformance.problems(
        of: BEARObjective(reference.parameters), batches: 3, frozen: reference.frozen,
        // A threshold over a masked vocabulary may be -infinity, of which log σ is no number.
        masked: reference.switches["beta-over"] != "vocabulary")
      #expect(problems == [], "\(reference.switches)")
    }
  }
}

@Test(arguments: [
  ["beta-over": "vocabulary"],
  ["beta-grad": "flow"],
  ["base": "full", "beta-over": "vocabulary", "fewer": "skip"],
  ["form": "paper", "fewer": "none"],
  ["form": "paper", "normalise": "multi-child"],
  ["form": "paper", "normalise": "all-tokens"],
])
func conflictsAreRefused(switches: [String: String]) {
  #expect(throws: BEARError.self) { try BEARObjective(switches.mapValues { .text($0) }) }
}

@Test func needsFollowTheBase() throws {
  #expect(try BEARObjective([:]).needs.columns == .children)
  #expect(try BEARObjective([:]).needs.constraint == .before)
  #expect(try BEARObjective(["form": .text("paper")]).needs.columns == .children)
  #expect(try BEARObjective(["base": .text("full")]).needs.columns == .vocabulary)
  #expect(try BEARObjective(["base": .text("full")]).needs.constraint == .after)
}

@Test(arguments: [
  ("xi", ParameterValue.real(0)), ("lambda", .real(-1)), ("beam-width", .integer(0)),
  ("form", .text("weightedCE")), ("tau", .real(0)),
])
func valuesOutOfRangeAreRefused(name: String, value: ParameterValue) {
  #expect(throws: ParameterError.self) { try BEARObjective([name: value]) }
}
