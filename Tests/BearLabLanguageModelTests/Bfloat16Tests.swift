import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// The model with weights and operands in bf16, on CPUs that multiply them.
@Suite(.enabled(if: availableInstructionSets.last == "avx512_bf16", "this CPU has no bf16"))
struct Bfloat16Tests {
  /// The most that a rounding to bf16, with 8 bits of significand, is off by: half of 2^-7.
  private static let epsilon = 1.0 / 256

  /// Hidden states and gradients, with one panel of the feed-forward layer and with several.
  ///
  /// How much the model magnifies roundings is measured: by single precision with nothing but the
  /// weights rounded. The operands that meet them are rounded as often forwards, so a distance √2
  /// times as large is usual; the operands of attention and of the backward pass come on top.
  @Test(arguments: RandomForest.all, [40, 530])
  func closeToSinglePrecision(forest: RandomForest, feedForwardWidth: Int) throws {
    for family in [TinyModel.Family.llama, .everything] {
      try expectCloseness(forest, feedForwardWidth: feedForwardWidth, family)
    }
  }

  private func expectCloseness(
    _ forest: RandomForest, feedForwardWidth: Int, _ family: TinyModel.Family
  ) throws {
    func outcome(_ precision: Precision, rounding: (Float) -> Float) throws -> ForestOutcome {
      let tiny = try TinyModel(
        seed: 71, precision: precision, feedForwardWidth: feedForwardWidth, family: family,
        rounding: rounding)
      return try ForestOutcome(of: forest, in: tiny, dropout: 0.2, asForest: true)
    }
    let (exact, weights, all) = try withCompute {
      (
        try outcome(.f32) { $0 }, try outcome(.f32, rounding: rounded), try outcome(.bf16) { $0 }
      )
    }
    let unit = distance(weights.hidden, exact.hidden)
    #expect(unit > 1e-4 && unit < 10 * Self.epsilon)
    #expect(distance(all.hidden, exact.hidden) < 3 * unit)
    // Nothing would be as near as this if the operands were not rounded.
    #expect(distance(all.hidden, weights.hidden) > 0.1 * unit)
    let gradientUnit = distance(gradients(weights), gradients(exact))
    #expect(gradientUnit < 20 * Self.epsilon)
    #expect(distance(gradients(all), gradients(exact)) < 4 * max(unit, gradientUnit))
  }

  @Test(arguments: RandomForest.all, [0.0, 0.3])
  func aForestEqualsItsPaths(forest: RandomForest, dropout: Double) throws {
    for family in [TinyModel.Family.llama, .everything] {
      try expectForestEqualsPaths(forest, dropout: dropout, family)
    }
  }

  private func expectForestEqualsPaths(
    _ forest: RandomForest, dropout: Double, _ family: TinyModel.Family
  ) throws {
    let (tiny, apart) = try withCompute {
      let tiny = try TinyModel(seed: 72, precision: .bf16, family: family)
      return (tiny, try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: false))
    }
    for threads in [1, 2] {
      let together = try withCompute(threads: threads) {
        try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: true)
      }
      #expect(together.hidden == apart.hidden, "\(threads) threads")
      // Gradients of what paths share are summed before they are rounded, or after.
      let gap = distance(gradients(together), gradients(apart))
      #expect(gap < 4 * Self.epsilon, "gradients, \(threads) threads")
    }
  }

  @Test func growingEqualsOnePass() throws {
    try withCompute {
      let tiny = try TinyModel(seed: 73, precision: .bf16)
      let adapter = tiny.makeAdapter()
      let cache = ForestCache(model: tiny.model, adapter: adapter)
      let stem = cache.forest.insert(randomTokens(20, seed: 1))
      _ = try cache.hiddenStates(of: stem)
      let nodes = stem + cache.forest.insert(randomTokens(9, seed: 2), below: stem[11])
      let expected = try tiny.model.hiddenStates(of: nodes, in: cache.forest, adapter: adapter)
      #expect(try cache.hiddenStates(of: nodes).scalars == expected.scalars)
    }
  }

  @Test func theWholeVocabularyIsCloseToChosenColumns() throws {
    try withCompute {
      let tiny = try TinyModel(seed: 74, tiedHead: false, precision: .bf16)
      let leaf = {
        Tensor(randomFloats(70 * 24, seed: 2), shape: [70, 24], requiresGradient: true)
      }
      let (chosen, full) = (leaf(), leaf())
      let columns = [ArraySlice<Int32>](repeating: Array(0..<60)[...], count: 70)
      let logits = [
        tiny.model.logits(of: chosen, columns: columns), tiny.model.vocabularyLogits(of: full),
      ]
      #expect(distance(logits[1].scalars, logits[0].scalars) < Self.epsilon)
      for logits in logits {
        (logits * Tensor(randomFloats(70 * 60, seed: 3), shape: logits.shape)).sum().backward()
      }
      #expect(distance(full.gradient ?? [], chosen.gradient ?? []) < Self.epsilon)
    }
  }

  /// All gradients, in the order of their names.
  private func gradients(_ outcome: ForestOutcome) -> [Float] {
    outcome.gradients.keys.sorted().flatMap { outcome.gradients[$0] ?? [] }
  }

  /// The nearest number of bf16, of two the even one.
  private func rounded(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  }

  /// ‖a − b‖ / ‖b‖, infinite where there is no such number.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    let norm = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let gap = norm(zip(a, b).map { Double($0) - Double($1) }) / norm(b.map(Double.init))
    return gap.isNaN ? .infinity : gap
  }
}
