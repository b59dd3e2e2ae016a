import BearLabCore
import BearLabLanguageModel
import BearLabTensor
import BearLabTestSupport
import BearLabTraining
import Testing

/// How a step is cut into micro-batches is only about memory, and a step that fails leaves no trace.
struct MicroBatchTests {
  private let tiny: TinyModel
  private let trie: ItemTrie

  init() throws {
    tiny = try TinyModel(seed: 3)
    var random = SeededGenerator(5)
    trie = try ItemTrie(paths: randomPaths(count: 9, vocabulary: 12, longest: 4, using: &random))
  }

  /// Titles differ in length, so micro-batches differ in weight.
  private func samples(_ count: Int) -> [AnswerForest.Sample] {
    (0..<count).map { index in
      let prompt = [20, 21, 22, 30 + index % 3].map { TokenForest.Element(token: Int32($0)) }
      return AnswerForest.Sample(
        prompt: prompt, answers: [(title: index % trie.titleCount, role: .positive)])
    }
  }

  private func trainer(
    _ objective: any Objective, group: Int? = nil, microBatch: Int? = nil
  ) throws -> Trainer {
    Trainer(
      model: tiny.model, adapter: tiny.makeAdapter(dropout: 0.3), objective: objective, trie: trie,
      settings: TrainingSettings(
        learningRate: 1e-3, schedule: .constant, normaliseGroup: group, microBatch: microBatch),
      totalSteps: 9)
  }

  @Test(arguments: [nil, 4, 3], [1, 2, 3, 4, 7])
  func microBatchesChangeNothing(group: Int?, microBatch: Int) throws {
    let (whole, cut) = try (
      trainer(FocalObjective([:]), group: group),
      trainer(FocalObjective([:]), group: group, microBatch: microBatch)
    )
    let (expected, actual) = try (whole.step(samples(8)), cut.step(samples(8)))
    #expect(abs(actual.loss - expected.loss) < 1e-5 * expected.loss)
    #expect(abs(actual.gradientNorm - expected.gradientNorm) < 1e-5 * expected.gradientNorm)
    // After one step, the first moments are a tenth of the gradient.
    for (own, other) in zip(cut.optimizer.state.moments, whole.optimizer.state.moments) {
      #expect(relativeGap(own.values, other.values) < 1e-5, "\(own.name)")
    }
  }

  @Test func oneMicroBatchIsInMemoryAtATime() throws {
    let scripted = ScriptedObjective()
    _ = try trainer(scripted, microBatch: 2).step(samples(6))
    #expect(scripted.script.losses == 3)
    #expect(scripted.script.tapesAlive == 0)
  }

  /// What is observed counts from the next step on, for every micro-batch of it.
  @Test(arguments: [nil, 1, 4])
  func whatAStepTeachesCountsFromTheNextStep(microBatch: Int?) throws {
    let trainer = try trainer(ScriptedObjective(), group: 2, microBatch: microBatch)
    let losses = try (0..<3).map { _ in try trainer.step(samples(6)).loss }
    // Three groups of two samples: the loss of a sample is 1 + the samples of earlier steps.
    #expect(losses == [1, 7, 13])
    #expect(trainer.objective.state == ["samples": 18])
  }

  @Test func aGroupWithoutWeightAddsNothing() throws {
    let scripted = ScriptedObjective()
    scripted.script.faults[1] = .noWeight
    let trainer = try trainer(scripted, group: 3)
    let report = try trainer.step(samples(6))
    #expect(report.loss == 0.5)
    #expect(report.gradientNorm.isFinite)
  }

  @Test(arguments: Script.Fault.allCases.filter { $0 != .noWeight })
  func aFailedStepLeavesNoTrace(fault: Script.Fault) throws {
    let scripted = ScriptedObjective()
    let (failing, clean) = try (
      trainer(scripted, microBatch: 2), trainer(ScriptedObjective(), microBatch: 2)
    )
    scripted.script.faults[1] = fault
    #expect(throws: (any Error).self) { try failing.step(samples(6)) }
    #expect(failing.objective.state == ["samples": 0])
    #expect(failing.optimizer.step == 0)
    scripted.script.faults = [:]
    // Bits are promised for one instruction set, which other suites change meanwhile.
    let (after, expected) = try withCompute {
      (try failing.step(samples(6)), try clean.step(samples(6)))
    }
    #expect(after == expected)
    for (own, other) in zip(failing.adapter.parameters, clean.adapter.parameters) {
      #expect(relativeGap(own.tensor.scalars, other.tensor.scalars) < 1e-6, "\(own.name)")
    }
  }
}

/// What goes wrong at which call of an objective's loss, and what was seen there.
///
/// `Sendable` is unchecked: each test has its own, and uses it on its thread alone.
final class Script: @unchecked Sendable {
  enum Fault: CaseIterable {
    case loss
    case observe
    case stepEnded
    case notFinite
    case infiniteGradient
    case noWeight
  }

  /// By the number of the call.
  var faults: [Int: Fault] = [:]
  private(set) var losses = 0
  /// Tapes of earlier micro-batches that were still there when the next loss was computed.
  private(set) var tapesAlive = 0
  private weak var latest: Tensor?

  /// What goes wrong in the latest call.
  var fault: Fault? { faults[losses - 1] }

  func count(_ loss: Tensor) {
    if latest != nil { tapesAlive += 1 }
    latest = loss
    losses += 1
  }
}

/// A loss that is 1 a sample plus the samples of earlier steps, with the gradient of their logits.
private struct ScriptedObjective: Objective {
  struct Failure: Error {}

  static let summary = "counts"
  let script = Script()
  private var trained = 0.0
  private var seen = 0.0

  init() {}
  init(_ values: ParameterValues) throws {}

  var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }
  var state: [String: Double] {
    get { ["samples": trained] }
    set { trained = newValue["samples"] ?? 0 }
  }

  func loss(_ batch: AnswerBatch) throws -> LossTerms {
    let values = try batch.childLogits.values
    let total = values.sum()
    script.count(total)
    if script.fault == .loss { throw Failure() }
    let zero = total - total.detached()
    let samples = Float(batch.sampleCount)
    let value = samples * (1 + Float(trained)) * (script.fault == .notFinite ? .infinity : 1)
    let slope: Float = script.fault == .infiniteGradient ? 3e38 : 1
    return LossTerms(sum: zero * slope + value, weight: script.fault == .noWeight ? 0 : samples)
  }

  mutating func observe(_ batch: AnswerBatch) throws {
    seen += Double(batch.sampleCount)
    if script.fault == .observe { throw Failure() }
  }

  mutating func stepEnded() throws {
    trained += seen
    seen = 0
    if script.faults.values.contains(.stepEnded) { throw Failure() }
  }
}
