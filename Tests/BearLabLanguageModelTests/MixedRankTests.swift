import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// LoRA weights from elsewhere: each pair with a rank and a scale of its own, not in every layer.
@Suite struct MixedRankTests {
  private let tiny: TinyModel
  private let mixed: LoRAAdapter
  private let tokens: [Int32] = [3, 14, 15, 9, 26, 5, 35]

  init() throws {
    tiny = try TinyModel(seed: 5)
    mixed = Self.adapter(for: tiny.shape, padding: 0)
  }

  /// The same numbers for any padding: rows of A and columns of B that are zero.
  private static func adapter(for shape: LanguageModelShape, padding: Int) -> LoRAAdapter {
    let ranks: [[Projection: Int]] = [
      [.query: 2, .down: 1], [.query: 5, .key: 1, .gate: 3, .output: 24], [.value: 4, .query: 1],
    ]
    var random = SeededGenerator(17)
    let layers = ranks.enumerated().map { layer, ranks in
      var pairs: [Projection: LoRAPair] = [:]
      for projection in Projection.allCases {
        guard let rank = ranks[projection] else { continue }
        let (inputs, outputs) = shape.size(of: projection)
        let a = (0..<rank * inputs).map { _ in Float.random(in: -0.3...0.3, using: &random) }
        let b = (0..<outputs * rank).map { _ in Float.random(in: -0.3...0.3, using: &random) }
        let wide = rank + padding
        let columns = (0..<outputs).flatMap { row in
          b[row * rank..<(row + 1) * rank] + [Float](repeating: 0, count: padding)
        }
        pairs[projection] = LoRAPair(
          a: Tensor(
            a + [Float](repeating: 0, count: padding * inputs), shape: [wide, inputs],
            requiresGradient: true),
          b: Tensor(columns, shape: [outputs, wide], requiresGradient: true),
          scale: 0.5 + Float(layer))
      }
      return pairs
    }
    return LoRAAdapter(settings: LoRASettings(rank: 24 + padding, dropout: 0), layers: layers)
  }

  private func hidden(_ model: LanguageModel, _ adapter: LoRAAdapter?) throws -> Tensor {
    var forest = TokenForest()
    let nodes = forest.insert(tokens: tokens)
    return try model.hiddenStates(of: nodes, in: forest, adapter: adapter)
  }

  @Test func theyAddUpToTheMergedWeights() throws {
    let merged = try LanguageModel(shape: tiny.shape, tiedHead: true) { name in
      var weight = try #require(tiny.weights[name])
      guard case .projection(let projection, let layer) = name,
        let pair = mixed.layers[layer][projection]
      else { return weight }
      let (a, b) = (pair.a.scalars, pair.b.scalars)
      let (rank, inputs) = (pair.rank, pair.a.shape[1])
      for row in 0..<pair.b.shape[0] {
        for column in 0..<inputs {
          weight[row * inputs + column] += (0..<rank).reduce(0) {
            $0 + pair.scale * b[row * rank + $1] * a[$1 * inputs + column]
          }
        }
      }
      return weight
    }
    let own = try hidden(tiny.model, mixed).scalars
    #expect(largestGap(own, try hidden(merged, nil).scalars) < 2e-5)
    #expect(largestGap(own, try hidden(tiny.model, nil).scalars) > 0.1)
  }

  @Test(arguments: [1, 3])
  func gradientsAreThoseOfPaddedPairs(threads: Int) throws {
    try withCompute(threads: threads) {
      let padded = Self.adapter(for: tiny.shape, padding: 2)
      for adapter in [mixed, padded] {
        let states = try hidden(tiny.model, adapter)
        let weights = (0..<states.count).map { Float($0 % 7) / 7 - 0.4 }
        (states * Tensor(weights, shape: states.shape)).sum().backward()
      }
      for (layer, pairs) in mixed.layers.enumerated() {
        for (projection, pair) in pairs {
          let wide = try #require(padded.layers[layer][projection])
          let (a, b) = (try #require(pair.a.gradient), try #require(pair.b.gradient))
          let (wideA, wideB) = (try #require(wide.a.gradient), try #require(wide.b.gradient))
          let outputs = pair.b.shape[0]
          let columns = (0..<outputs).flatMap {
            wideB[$0 * wide.rank..<$0 * wide.rank + pair.rank]
          }
          #expect(a.contains { $0 != 0 } && b.contains { $0 != 0 })
          #expect(relativeGap(a, Array(wideA[..<a.count])) < 1e-5, "\(layer) \(projection) A")
          #expect(relativeGap(b, columns) < 1e-5, "\(layer) \(projection) B")
        }
      }
    }
  }
}
