import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveBEAR
import ObjectiveCFT
import ObjectiveD2LR
import ObjectiveDPO
import ObjectiveIGD
import ObjectiveMSL
import ObjectiveSFT
import Testing

private func registry() throws -> PluginRegistry {
  let registry = PluginRegistry()
  try registry.add(SFTModule.self)
  try registry.add(MSLModule.self)
  try registry.add(BEARModule.self)
  try registry.add(CFTModule.self)
  try registry.add(D2LRModule.self)
  try registry.add(IGDModule.self)
  try registry.add(DPOModule.self)
  try registry.register(objective: "stub", StubWeights.self)
  try registry.register(objective: "stub-factors", StubFactors.self)
  return registry
}

private func make(
  _ name: String, _ values: [String: ParameterValue] = [:]
) throws -> any Objective {
  try registry().objective(named: name).init(values)
}

/// The w_t of the table of section 6.3; forced tokens are not emphasised.
private let factors: [Float] = [1.731059, 1.5, 1, 1.377541, 1]
private let strong: [String: ParameterValue] = [
  "lambda": .real(1), "xi": .real(1), "beam-width": .integer(2),
]

@Test func theFactorsOfBEARAreItsWeights() throws {
  let objective = try BEARObjective(strong)
  let batch = try WorkedExample.batch(WorkedExample.logits())
  #expect(largestGap(try objective.tokenFactors(batch), factors) < 1e-6)
  // Only valid tokens count, whatever the soft-max of the loss.
  let full = try BEARObjective(strong.merging(["base": .text("full")]) { $1 })
  #expect(largestGap(try full.tokenFactors(batch), factors) < 1e-6)
}

@Test(arguments: ["sft", "msl", "cft"])
func aCompositionMultipliesTheWeights(first: String) throws {
  // Every row alone: w_t ℓ_t and w_t; μ = 0, and rows alone have ω = 1.
  let own: [String: ParameterValue] = first == "cft" ? ["mu": .real(0), "floor": .real(1)] : [:]
  let plain = try make(first, own)
  let rows = try (0..<5).map { try plain.loss(WorkedExample.row($0)).sum.scalars[0] }
  let sum = zip(rows, factors).reduce(0) { $0 + $1.0 * $1.1 }
  let terms = try make("\(first)+bear", own.merging(strong) { $1 })
    .loss(WorkedExample.batch(WorkedExample.logits()))
  #expect(abs(terms.sum.scalars[0] - sum) < 1e-5)
  #expect(abs(terms.weight.scalars[0] - factors.reduce(0, +)) < 1e-5)
}

/// Without emphasis, a composition is its first half.
@Test(arguments: ["sft", "msl", "cft", "d2lr", "igd"])
func withoutEmphasisACompositionIsItsFirstHalf(first: String) throws {
  try withCompute {
    var random = SeededGenerator(12)
    var (plain, composed) = try (make(first), make("\(first)+bear", ["lambda": .real(0)]))
    #expect(plain.needs == composed.needs)
    let answers = RandomAnswers(samples: 3, needs: plain.needs, using: &random)
    let batch = try answers.batch(answers.logits(using: &random))
    let context = ObjectiveContext(
      catalogue: Catalogue(itemTitles: ["first", "second"]),
      trie: try ItemTrie(paths: [[1, 0], [2, 0]]), targetCounts: [3, 1], totalSteps: 1)
    try plain.prepare(context)
    try composed.prepare(context)
    let (one, other) = try (plain.loss(batch), composed.loss(batch))
    #expect(one.sum.scalars[0] == other.sum.scalars[0])
    #expect(one.weight.scalars[0] == other.weight.scalars[0])
  }
}

@Test func compositionsKeepTheContract() throws {
  try withCompute {
    let bear = try BEARObjective(strong)
    let first: [(String, any TokenWeightedObjective)] = [
      ("sft", try SFTObjective([:])), ("msl", try MSLObjective([:])),
      ("msl", try MSLObjective(["ats": .text("on"), "ats-initial": .real(2)])),
      ("cft", try CFTObjective([:])),
    ]
    for (name, half) in first {
      var values = strong
      if name == "msl", case let own as MSLObjective = half, !own.state.isEmpty {
        values["ats"] = .text("on")
        values["ats-initial"] = .real(2)
      }
      let problems = try ObjectiveConformance.problems(of: make("\(name)+bear", values), batches: 4)
      {
        point in
        let factors = try bear.tokenFactors(point)
        return { try half.loss($0, factors: factors).sum }
      }
      #expect(problems == [], "\(name)")
    }
  }
}

@Test func parametersAreThoseOfBoth() throws {
  let registry = try registry()
  let cft = try registry.objective(named: "cft+bear").parameters.map(\.name)
  #expect(cft == CFTObjective.parameters.map(\.name) + BEARObjective.parameters.map(\.name))
  let sft = try registry.objective(named: "sft+bear")
  #expect(sft.parameters.map(\.name).prefix(3) == ["tau", "factor-tau", "lambda"])
  // The loss has the one temperature, the factors the other.
  let batch = try WorkedExample.batch(WorkedExample.logits())
  let both = try sft.init(strong.merging(["tau": .real(2), "factor-tau": .real(1)]) { $1 })
  let weighted = try SFTObjective(["tau": .real(2)]).loss(batch, factors: factors)
  #expect(abs(try both.loss(batch).sum.scalars[0] - weighted.sum.scalars[0]) < 1e-5)
  #expect(throws: ParameterError.self) { try sft.init(["mu": .real(1)]) }
}

@Test(arguments: [
  ("sft", ["form": "paper"]), ("cft", ["normalise": "multi-child"]), ("msl", ["base": "full"]),
  ("sft", ["beta-grad": "flow"]),
])
func whatMeansNothingBehindAPlusIsRefused(first: String, switches: [String: String]) throws {
  #expect(throws: BEARError.self) {
    try make("\(first)+bear", switches.mapValues { .text($0) })
  }
  _ = try make("cft+bear", ["base": .text("full"), "beta-over": .text("vocabulary")])
}

@Test func mistakesInCompositionsAreNamed() throws {
  let registry = try registry()
  func error(_ name: String) throws -> any BearLabError {
    let error = try #require(throws: (any Error).self) { try registry.objective(named: name) }
    return try #require(error as? any BearLabError)
  }
  #expect(try error("ctf+bear").remedy.hasPrefix("did you mean cft? known: bear, cft"))
  #expect(try error("cft+baer").description == "there is no objective 'baer'")
  let weighted = ["cft", "d2lr", "igd", "msl", "sft", "stub"]
  #expect(
    try error("bear+bear") as? CompositionError
      == .noTokenWeights("bear", known: weighted))
  #expect(try error("dpo+bear").remedy.hasSuffix(weighted.joined(separator: ", ")))
  #expect(
    try error("cft+sft") as? CompositionError
      == .noTokenFactors("sft", known: ["bear", "stub-factors"]))
  #expect(try error("cft+igd+bear") as? CompositionError == .notTwo("cft+igd+bear"))
  #expect(try error("+bear").description == "there is no objective ''")
  #expect(try registry.objective(named: "cft") == CFTObjective.self)
}

@Test func theContractReachesBothHalves() throws {
  var objective = try make("stub+stub-factors")
  try objective.prepare(
    ObjectiveContext(
      catalogue: Catalogue(itemTitles: ["a"]), trie: try ItemTrie(paths: [[0]]), targetCounts: [1],
      totalSteps: 1))
  try objective.epochBegins(3)
  try objective.observe(WorkedExample.row(0))
  try objective.stepEnded()
  let calls = ["prepared": 1.0, "epoch": 3, "observed": 1, "steps": 1]
  let both = calls.merging(
    calls.map { ("factor-\($0.key)", $0.value + 100) }, uniquingKeysWith: { $1 })
  #expect(objective.state == both)
  var copy = try make("stub+stub-factors")
  copy.state = both.mapValues { $0 + 7 }
  #expect(copy.state == both.mapValues { $0 + 7 })
}

/// Counts the calls of the contract in its state.
private protocol Counting: Objective {
  var calls: [String: Double] { get set }
  static var offset: Double { get }
}

extension Counting {
  static var summary: String { "counts calls" }
  var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }
  mutating func prepare(_ context: ObjectiveContext) { calls["prepared"] = Self.offset + 1 }
  mutating func epochBegins(_ epoch: Int) { calls["epoch"] = Self.offset + Double(epoch) }
  mutating func observe(_ batch: AnswerBatch) { calls["observed"] = Self.offset + 1 }
  mutating func stepEnded() { calls["steps"] = Self.offset + 1 }
  var state: [String: Double] {
    get { calls }
    set { calls = newValue }
  }
}

private struct StubWeights: Counting, TokenWeightedObjective {
  var calls: [String: Double] = [:]
  static let offset = 0.0
  init(_ values: ParameterValues) {}
  func loss(_ batch: AnswerBatch, factors: [Float]) -> LossTerms {
    LossTerms(sum: Tensor(scalar: 0), weight: 0)
  }
}

private struct StubFactors: Counting, TokenFactors {
  var calls: [String: Double] = [:]
  static let offset = 100.0
  init(_ values: ParameterValues) {}
  func loss(_ batch: AnswerBatch) -> LossTerms { LossTerms(sum: Tensor(scalar: 0), weight: 0) }
  func tokenFactors(_ batch: AnswerBatch) -> [Float] { batch.targets.map { _ in 1 } }
  func requireFactors(with needs: ObjectiveNeeds) {}
}
