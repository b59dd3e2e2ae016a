internal import BearLabNN
public import BearLabTensor

extension LanguageModel {
  /// Draws random weights: a model of any sizes, to time and to measure, that has learnt nothing.
  ///
  /// Matrices and biases are uniform within ±1/√in, norms 1. Numbers depend on nothing but seed and weight.
  ///
  /// - Parameters:
  ///   - shape: the sizes.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights and of the operands of products.
  ///   - seed: of the weights.
  /// - Throws: nothing; reading, which a model is made by, might.
  public convenience init(
    randomOf shape: LanguageModelShape, tiedHead: Bool, precision: Precision, seed: UInt64
  ) throws {
    try self.init(shape: shape, tiedHead: tiedHead, precision: precision) { name, target in
      target.withUnsafeMutableBufferPointer { numbers in
        guard let (inputs, place) = Self.randomMatrix(name, shape) else {
          return numbers.update(repeating: 1)
        }
        Self.draw(
          numbers, within: 1 / Float(inputs).squareRoot(), key: CounterGenerator.mix(seed, place))
      }
    }
  }

  /// The inputs of a matrix or of a bias's matrix, and a number of its own; nil for a norm.
  private static func randomMatrix(
    _ name: WeightName, _ shape: LanguageModelShape
  ) -> (inputs: Int, place: UInt64)? {
    switch name {
    case .attentionNorm, .feedForwardNorm, .finalNorm, .queryNorm, .keyNorm: nil
    case .embedding: (shape.width, 1 << 40)
    case .head: (shape.width, 2 << 40)
    case .projection(let projection, let layer):
      (shape.size(of: projection).inputs, place(projection, layer))
    case .bias(let projection, let layer):
      (shape.size(of: projection).inputs, 3 << 40 | place(projection, layer))
    }
  }

  private static func place(_ projection: Projection, _ layer: Int) -> UInt64 {
    UInt64(layer) << 8 | UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)
  }

  /// Draws in blocks, each of its own sequence, so that threads change nothing.
  private static func draw(
    _ numbers: UnsafeMutableBufferPointer<Float>, within bound: Float, key: UInt64
  ) {
    let height = 1 << 16
    let factor = bound / 2_147_483_648
    Compute.split((numbers.count + height - 1) / height) { blocks in
      for block in blocks {
        var random = CounterGenerator(key: CounterGenerator.mix(key, UInt64(block)))
        for index in block * height..<min((block + 1) * height, numbers.count) {
          numbers[index] = Float(Int32(truncatingIfNeeded: random.next())) * factor
        }
      }
    }
  }
}
