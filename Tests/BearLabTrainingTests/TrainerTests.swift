import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import BearLabTraining
import Testing

struct TrainerTests {
  private let tiny: TinyModel
  private let trie: ItemTrie
  private let registry = PluginRegistry()

  init() throws {
    tiny = try TinyModel(seed: 3)
    var random = SeededGenerator(5)
    trie = try ItemTrie(paths: randomPaths(count: 9, vocabulary: 12, longest: 4, using: &random))
    try registry.add(FocalModule.self)
  }

  /// Prompts that share their first tokens; the title depends on the last one.
  private func samples(_ count: Int) -> [AnswerForest.Sample] {
    (0..<count).map { index in
      let prompt = [20, 21, 22, 30 + index % 3].map { TokenForest.Element(token: Int32($0)) }
      return AnswerForest.Sample(prompt: prompt, answers: [(title: index % 3, role: .positive)])
    }
  }

  private func trainer(
    _ settings: TrainingSettings, dropout: Double = 0, gamma: Int = 2, steps: Int = 40
  ) throws -> Trainer {
    let type = try registry.objectives.find("focal")
    let values = try ParameterValues(
      ["gamma": .integer(gamma)], for: type.parameters, owner: "objective 'focal'")
    return try Trainer(
      model: tiny.model, adapter: tiny.makeAdapter(dropout: dropout), objective: type.init(values),
      trie: trie, settings: settings, totalSteps: steps)
  }

  @Test func anObjectiveOfOwnMakingIsRegisteredDescribedAndTrained() throws {
    try withCompute {
      #expect(registry.objectives.names == ["focal"])
      #expect(try ObjectiveConformance.problems(of: FocalObjective([:])) == [])
      let trainer = try trainer(TrainingSettings(learningRate: 0.02, warmupSteps: 0))
      let losses = try (0..<30).map { _ in try trainer.step(samples(6)).loss }
      #expect(losses[29] < losses[0] * 0.2, "\(losses)")
    }
  }

  @Test func theSameSeedGivesTheSameBits() throws {
    func run() throws -> ([StepReport], [[UInt32]]) {
      let trainer = try trainer(TrainingSettings(learningRate: 0.01), dropout: 0.3)
      let reports = try (0..<3).map { _ in try trainer.step(samples(6)) }
      return (reports, trainer.adapter.parameters.map { $0.tensor.scalars.map(\.bitPattern) })
    }
    for threads in [1, 2] {
      // Bits are promised for one instruction set, which other suites change meanwhile.
      let (first, second) = try withCompute(threads: threads) { (try run(), try run()) }
      #expect(first.0 == second.0)
      #expect(first.1 == second.1)
    }
  }

  @Test func dropoutDependsOnTheStep() throws {
    let settings = TrainingSettings(learningRate: 0, schedule: .constant)
    let trainer = try trainer(settings, dropout: 0.5)
    let losses = try (0..<2).map { _ in try trainer.step(samples(3)).loss }
    #expect(losses[0] != losses[1])
  }

  @Test func batchesArePermutationsOfSeedAndEpochAlone() throws {
    let first = try trainer(TrainingSettings(batchSize: 4, seed: 7))
    let batches = first.batches(sampleCount: 10, epoch: 0)
    #expect(batches.map(\.count) == [4, 4, 2])
    #expect(batches.flatMap { $0 }.sorted() == Array(0..<10))
    _ = try first.step(samples(3))
    #expect(first.batches(sampleCount: 10, epoch: 0) == batches)
    #expect(first.batches(sampleCount: 10, epoch: 1) != batches)
    let other = try trainer(TrainingSettings(batchSize: 4, seed: 8))
    #expect(other.batches(sampleCount: 10, epoch: 0) != batches)
  }

  /// The loss over groups is the mean of the groups' own means.
  @Test func groupsAreNormalisedEachByItsOwnWeight() throws {
    let settings = TrainingSettings(learningRate: 0, schedule: .constant)
    var grouped = settings
    grouped.normaliseGroup = 2
    // Titles differ in length, so the groups differ in weight.
    let all = samples(5)
    // Other suites change the instruction set meanwhile, and with it the last bits.
    let (loss, parts) = try withCompute {
      let parts = try [all[0..<2], all[2..<4], all[4..<5]].map { part in
        try trainer(settings).step(Array(part)).loss
      }
      return (try trainer(grouped).step(all).loss, parts)
    }
    #expect(abs(loss - parts.reduce(0, +) / 3) < 1e-6)
    let whole = try trainer(settings).step(all).loss
    #expect(abs(whole - loss) > 1e-4)
  }

  /// Two halves of four samples: the first moments are a tenth of the mean of the halves' gradients.
  @Test func gradientsOfGroupsAreAveraged() throws {
    var settings = TrainingSettings(learningRate: 0, schedule: .constant, clipNorm: nil)
    func gradient(_ samples: [AnswerForest.Sample]) throws -> [Float] {
      let trainer = try trainer(settings)
      _ = try trainer.step(samples)
      return trainer.optimizer.state.moments.filter { $0.name.hasSuffix("/first") }
        .flatMap(\.values)
    }
    let all = samples(4)
    let halves = try [all[..<2], all[2...]].map { try gradient(Array($0)) }
    settings.normaliseGroup = 2
    let mean = zip(halves[0], halves[1]).map { ($0 + $1) / 2 }
    #expect(relativeGap(try gradient(all), mean) < 1e-5)
  }

  /// AdamW's first step, from the moments: m̂ = m / 0.1 and v̂ = v / 0.001.
  @Test func aStepIsThatOfAdamW() throws {
    let trainer = try trainer(
      TrainingSettings(learningRate: 1e-2, schedule: .constant, clipNorm: nil))
    let before = trainer.adapter.parameters.map(\.tensor.scalars)
    _ = try trainer.step(samples(3))
    let moments = trainer.optimizer.state.moments
    for (index, (name, tensor)) in trainer.adapter.parameters.enumerated() {
      let first = try #require(moments.first { $0.name == "\(name)/first" }).values
      let expected = zip(before[index], first).map { start, moment in
        let gradient = Double(moment) / 0.1
        return Double(start) - 1e-2 * gradient / (abs(gradient) + 1e-8)
      }
      #expect(largestGap(tensor.scalars, expected) < 1e-5, "\(name)")
    }
  }

  /// AdamW's first step is as long for a clipped gradient, so the moments are compared.
  @Test func gradientsAreClippedToTheNorm() throws {
    var settings = TrainingSettings(learningRate: 1e-3, schedule: .constant, clipNorm: nil)
    let free = try trainer(settings)
    let norm = try free.step(samples(3)).gradientNorm
    settings.clipNorm = norm / 4
    let clipped = try trainer(settings)
    // The norm reported is that before clipping.
    #expect(abs(try clipped.step(samples(3)).gradientNorm - norm) < 1e-5 * norm)
    let moments = [free, clipped].map { trainer in
      trainer.optimizer.state.moments.filter { $0.name.hasSuffix("/first") }.flatMap(\.values)
    }
    let expected = moments[0].map { $0 / 4 }
    #expect(relativeGap(moments[1], expected) < 1e-5)
  }

  @Test func theLossIsTheSameForOneThreadAndTwo() throws {
    let losses = try [1, 2].map { threads in
      try withCompute(threads: threads) {
        let trainer = try trainer(TrainingSettings(learningRate: 0.01, warmupSteps: 0))
        return try (0..<4).map { _ in try trainer.step(samples(6)).loss }
      }
    }
    #expect(zip(losses[0], losses[1]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func whatIsNotFiniteStopsTheTraining() throws {
    let trainer = try trainer(TrainingSettings(learningRate: 0.01))
    let weights = trainer.adapter.parameters[0].tensor
    weights.replace(with: [Float](repeating: .infinity, count: weights.count))
    #expect(throws: TrainingError.notFinite(step: 0, quantity: "loss")) {
      try trainer.step(samples(3))
    }
  }

  @Test func aReferenceThatIsNotThereIsMissed() throws {
    let trainer = try Trainer(
      model: tiny.model, adapter: tiny.makeAdapter(), objective: GreedyObjective([:]),
      trie: trie, settings: TrainingSettings(), totalSteps: 1)
    #expect(throws: TrainingError.noReference(objective: "GreedyObjective")) {
      try trainer.step(samples(2))
    }
  }
}

/// Asks for a reference.
private struct GreedyObjective: Objective {
  static let summary = "asks for too much"
  init(_ values: ParameterValues) throws {}
  var needs: ObjectiveNeeds {
    ObjectiveNeeds(columns: .children, reference: .initial, constraint: .before)
  }
  func loss(_ batch: AnswerBatch) throws -> LossTerms {
    LossTerms(sum: Tensor(scalar: 0), weight: 1)
  }
}
