import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// The model with weights and operands in bf16, on CPUs that multiply them.
@Suite(.enabled(if: availableInstructionSets.last == "avx512_bf16", "this CPU has no bf16"))
struct Bfloat16Tests {
  /// Some twenty roundings come between a token and its hidden state, each off by up to 2^-9 of a
  /// number; they add up like random steps.
  private static let tolerance = 20.0.squareRoot() / 512

  /// Hidden states and gradients, with one panel of the feed-forward layer and with several.
  @Test(arguments: RandomForest.all, [40, 530])
  func closeToSinglePrecision(forest: RandomForest, feedForwardWidth: Int) throws {
    func outcome(_ precision: Precision) throws -> ForestOutcome {
      let tiny = try TinyModel(
        seed: 71, precision: precision, feedForwardWidth: feedForwardWidth)
      return try ForestOutcome(of: forest, in: tiny, dropout: 0.2, asForest: true)
    }
    let (rounded, exact) = try withCompute { (try outcome(.bf16), try outcome(.f32)) }
    let gap = distance(rounded.hidden, exact.hidden)
    #expect(gap < Self.tolerance)
    // Nothing would be as near as this if numbers were not rounded at all.
    #expect(gap > 1e-4)
    let names = exact.gradients.keys.sorted()
    let gradients = [rounded, exact].map { outcome in
      names.flatMap { outcome.gradients[$0] ?? [] }
    }
    // The backward pass rounds as often again.
    #expect(distance(gradients[0], gradients[1]) < 2 * Self.tolerance)
  }

  @Test(arguments: RandomForest.all, [0.0, 0.3])
  func aForestEqualsItsPaths(forest: RandomForest, dropout: Double) throws {
    let (tiny, apart) = try withCompute {
      let tiny = try TinyModel(seed: 72, precision: .bf16)
      return (tiny, try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: false))
    }
    for threads in [1, 2] {
      let together = try withCompute(threads: threads) {
        try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: true)
      }
      #expect(together.hidden == apart.hidden, "\(threads) threads")
      // Gradients of what paths share are summed before they are rounded, or after.
      for (name, gradient) in apart.gradients {
        #expect(
          distance(together.gradients[name] ?? [], gradient) < 2 * Self.tolerance,
          "gradient of \(name), \(threads) threads")
      }
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
      #expect(distance(logits[1].scalars, logits[0].scalars) < Self.tolerance)
      for logits in logits {
        (logits * Tensor(randomFloats(70 * 60, seed: 3), shape: logits.shape)).sum().backward()
      }
      #expect(distance(full.gradient ?? [], chosen.gradient ?? []) < Self.tolerance)
    }
  }

  /// ‖a − b‖ / ‖b‖, infinite where there is no such number.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    let norm = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let gap = norm(zip(a, b).map { Double($0) - Double($1) }) / norm(b.map(Double.init))
    return gap.isNaN ? .infinity : gap
  }
}
