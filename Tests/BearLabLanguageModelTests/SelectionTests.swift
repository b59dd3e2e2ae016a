import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// What is left out or done twice to save time or memory changes no number.
@Suite struct SelectionTests {
  /// The suite's tests, each under ``withCompute``: a plan and a pass must have the same threads.
  @Test(arguments: TinyModel.Family.allCases)
  func someNodesAreAsAmongAll(family: TinyModel.Family) throws {
    try withCompute { try Selection(family).someNodesAreAsAmongAll() }
  }

  @Test(arguments: TinyModel.Family.allCases)
  func recomputationChangesNoBit(family: TinyModel.Family) throws {
    try withCompute { try Selection(family).recomputationChangesNoBit() }
  }
}

private struct Selection {
  private let tiny: TinyModel
  private let adapter: LoRAAdapter
  private var forest = TokenForest()
  private let dropout = DropoutKey(seed: 3, step: 1)

  init(_ family: TinyModel.Family) throws {
    tiny = try TinyModel(seed: 51, family: family)
    adapter = tiny.makeAdapter(dropout: 0.2)
    let stem = randomTokens(9, seed: 1)
    for seed in 2..<6 {
      _ = forest.insert(stem.prefix(2 * Int(seed)) + randomTokens(7, seed: UInt64(seed)))
    }
  }

  /// Hidden states of some nodes, and the gradients of a linear function of them.
  private func pass(_ nodes: [Int], coefficients: [Float]) throws -> [[Float]] {
    let hidden = try tiny.model.hiddenStates(
      of: nodes, in: forest, adapter: adapter, dropout: dropout)
    (hidden * Tensor(coefficients, shape: hidden.shape)).sum().backward()
    defer { for parameter in adapter.parameters { parameter.tensor.clearGradient() } }
    return [hidden.scalars] + adapter.parameters.map { $0.tensor.gradient ?? [] }
  }

  /// The last block runs for the nodes that are asked for alone; the order and repeats are free.
  func someNodesAreAsAmongAll() throws {
    let nodes = [forest.count - 1, 3, 4, 12, 4, 0]
    let width = tiny.shape.width
    let coefficients = randomFloats(nodes.count * width, seed: 7)
    var spread = [Float](repeating: 0, count: forest.count * width)
    for (row, node) in nodes.enumerated() {
      for column in 0..<width {
        spread[node * width + column] += coefficients[row * width + column]
      }
    }
    let some = try pass(nodes, coefficients: coefficients)
    let all = try pass(Array(0..<forest.count), coefficients: spread)
    let expected = nodes.flatMap { all[0][$0 * width..<($0 + 1) * width] }
    #expect(relativeGap(some[0], expected) < 1e-6)
    for (mine, expected) in zip(some.dropFirst(), all.dropFirst()) {
      #expect(relativeGap(mine, expected) < 2e-6)
    }
  }

  func recomputationChangesNoBit() throws {
    let nodes = [forest.count - 1, 5, 11]
    let coefficients = randomFloats(nodes.count * tiny.shape.width, seed: 8)
    let kept = try pass(nodes, coefficients: coefficients)
    var seen: Set<Int> = []
    let peak = try plan(nodes, limit: 0).peakBytes
    for limit in stride(from: peak, to: 0, by: -max(1, peak / 400)) {
      guard let plan = try? plan(nodes, limit: limit) else { break }
      guard seen.insert(plan.recomputedLayers).inserted else { continue }
      tiny.model.memoryLimit = limit
      #expect(try pass(nodes, coefficients: coefficients) == kept)
    }
    #expect(seen == Set(0...tiny.shape.layerCount).subtracting([1]))
    tiny.model.memoryLimit = 1
    #expect(throws: LanguageModelError.self) { try pass(nodes, coefficients: coefficients) }
  }

  private func plan(_ nodes: [Int], limit: Int) throws -> MemoryPlan {
    try MemoryPlan(
      shape: tiny.shape, tiedHead: true, precision: .f32, threads: Compute.threads,
      load: .init(
        rows: forest.count, outputs: nodes.count, head: .chosenTokens, trains: true),
      lora: adapter.settings, limit: limit)
  }
}
