import BearLabNN
import BearLabTestSupport
import Testing

@testable import BearLabLanguageModel
@testable import BearLabTensor

/// What a plan promises of limits, and the random weights that it is measured with.
@Suite struct MemoryPlanTests {
  private static let shape = LanguageModelShape(
    layerCount: 8, width: 512, feedForwardWidth: 1024, headCount: 8, kvHeadCount: 4, headWidth: 64,
    vocabularySize: 1000, contextLength: 2048, normEpsilon: 1e-5, ropeTheta: 1e4)

  private func plan(
    _ rows: Int = 2000, outputs: Int? = nil, trains: Bool = true, vocabulary: Bool = false,
    limit: Int = 0,
    other: Int = 0, precision: Precision = .f32, engine: MatrixEngine = .onednn
  ) throws(LanguageModelError) -> MemoryPlan {
    try MemoryPlan(
      shape: Self.shape, tiedHead: true, precision: precision, threads: 2,
      load: .init(
        rows: rows, outputs: outputs ?? rows, head: vocabulary ? .vocabulary : .chosenTokens,
        trains: trains),
      lora: trains ? LoRASettings() : nil, limit: limit, otherBytes: other, engine: engine)
  }

  /// Every limit gives the fewest layers with which it is kept.
  @Test func asFewLayersAsPossibleAreComputedAgain() throws {
    let free = try plan()
    #expect(free.recomputedLayers == 0)
    #expect(try plan(limit: free.peakBytes) == free)
    var last = free
    for limit in stride(from: free.peakBytes - 1, to: 0, by: -(1 << 20)) {
      guard let next = try? plan(limit: limit) else { break }
      #expect(next.peakBytes <= limit)
      if next != last {
        #expect(next.recomputedLayers > last.recomputedLayers && last.peakBytes > limit)
        last = next
      }
    }
    #expect(last.recomputedLayers == 8)
    // One layer is there again while it is computed: seven of eight records are spared.
    let records = free.activationBytes - last.activationBytes
    #expect(records > free.activationBytes / 2 && records % 7 == 0)
  }

  /// What is not asked for is looked at only: keys and values are there, the rest is not.
  @Test func theLastLayerKeepsWhatIsAskedFor() throws {
    let all = try plan().activationBytes
    let half = try plan(outputs: 1000).activationBytes
    let none = try plan(outputs: 0).activationBytes
    #expect(all - half == half - none && all > half)
    #expect(all - none < all / 8)
  }

  @Test func whatTheProcessHoldsBesidesCountsToTheLimit() throws {
    let peak = try plan().peakBytes
    #expect(try plan(limit: peak + 10, other: 10).recomputedLayers == 0)
    #expect(try plan(limit: peak + 10, other: 11).recomputedLayers > 0)
  }

  @Test func aLimitThatCannotBeKeptSaysWhatCould() throws {
    let error = try #require(throws: LanguageModelError.self) { _ = try plan(limit: 10 << 20) }
    guard case .memoryLimit(10_485_760, let needed, 2000) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(error.description.hasSuffix("; the limit is 10 MiB"))
    #expect(error.remedy.hasPrefix("set memory-limit to \((needed + 1_048_575) >> 20)M or more"))
    #expect(try plan(limit: needed).recomputedLayers == 8)
    #expect(throws: error) { _ = try plan(limit: 10 << 20) }
    // Decoding keeps nothing that could be computed again.
    #expect(throws: LanguageModelError.self) {
      _ = try plan(trains: false, limit: try plan(trains: false).peakBytes - 1)
    }
  }

  /// Of 2.36 M weights a layer: once in decoding, once more transposed in training; the head packed
  /// as well where all logits are asked for.
  @Test func weightsAreCountedAsTheyArePacked() throws {
    let layers = 8 * (512 * 1024 + 512 * 512 + 3 * 512 * 1024)
    let (table, norms) = (1000 * 512, 17 * 512)
    #expect(try plan(trains: false).weightBytes == 4 * (layers + table + norms))
    #expect(try plan().weightBytes == 4 * (2 * layers + table + norms))
    #expect(try plan(vocabulary: true).weightBytes == 4 * (2 * layers + 3 * table + norms))
    #expect(
      try plan(vocabulary: true, precision: .bf16).weightBytes
        == 4 * (table + norms) + 2 * (2 * layers + 2 * table))
    #expect(
      try plan(vocabulary: true, engine: .openblas).weightBytes == 4 * (layers + table + norms))
  }

  @Test func randomWeightsDependOnTheSeedAndNotOnThreads() throws {
    func hidden(seed: UInt64, threads: Int) throws -> [Float] {
      try withCompute {
        Compute.threads = threads
        let shape = try TinyModel().shape
        let model = try LanguageModel(
          randomOf: shape, tiedHead: false, precision: .f32, seed: seed)
        Compute.threads = 1
        var forest = TokenForest()
        let nodes = forest.insert(tokens: [1, 2, 3])
        return try model.hiddenStates(of: nodes, in: forest).scalars
      }
    }
    let first = try hidden(seed: 1, threads: 1)
    #expect(first.allSatisfy { $0.isFinite } && Set(first).count > 24)
    #expect(try hidden(seed: 1, threads: 2) == first)
    #expect(try hidden(seed: 2, threads: 1) != first)
  }

  /// Uniform within ±1/√in: the extremes and the variance of the embedding.
  @Test func randomWeightsAreScaledToTheInputs() throws {
    var shape = try TinyModel().shape
    shape.vocabularySize = 4000
    let model = try LanguageModel(randomOf: shape, tiedHead: true, precision: .f32, seed: 3)
    let numbers = model.weights.embedding.buffer.values
    let bound = 1 / Float(24).squareRoot()
    #expect(numbers.allSatisfy { abs($0) <= bound })
    let variance = numbers.reduce(0) { $0 + Double($1 * $1) } / Double(numbers.count)
    #expect(abs(variance - 1.0 / 72) < 3e-4)
    #expect(Set(numbers).count > numbers.count * 9 / 10)
  }
}
