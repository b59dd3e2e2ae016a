import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@Suite struct Initializers {
  private func moments(_ tensor: Tensor) -> (mean: Double, deviation: Double, largest: Double) {
    let values = tensor.scalars.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count)).squareRoot(), values.map(abs).max() ?? 0)
  }

  /// An initialiser, the deviation of its numbers for a weight `[200, 100]`, and a bound on them.
  struct Case: Sendable {
    let initializer: Initializer
    let deviation: Double
    let bound: Double

    init(_ initializer: Initializer, _ deviation: Double, bound: Double) {
      self.initializer = initializer
      self.deviation = deviation
      self.bound = bound
    }
  }

  private static let cases: [Case] = [
    Case(.uniform(bound: 0.3), 0.173205, bound: 0.3),
    Case(.normal(deviation: 0.02), 0.02, bound: 0.12),
    // The deviation of a standard normal number within ±2 is 0.8796.
    Case(.truncatedNormal(deviation: 0.5), 0.4398, bound: 1),
    // √(2 / 300) and √(6 / 300).
    Case(.xavierNormal, 0.081650, bound: 0.5),
    Case(.xavierUniform, 0.081650, bound: 0.141422),
    Case(.linear(inputs: 100), 0.057735, bound: 0.1),
  ]

  @Test(arguments: cases)
  func numbersHaveTheirDistribution(example: Case) {
    let initializer = example.initializer
    let tensor = initializer([200, 100], key: 3)
    let own = moments(tensor)
    // Four deviations of a mean of 20 000.
    #expect(abs(own.mean) < 0.0283 * example.deviation)
    #expect(abs(own.deviation / example.deviation - 1) < 0.02)
    #expect(own.largest <= example.bound * 1.000001)
    #expect(tensor.requiresGradient)
    #expect(initializer([200, 100], key: 3).scalars == tensor.scalars)
    #expect(initializer([200, 100], key: 4).scalars != tensor.scalars)
  }

  @Test func layersStartAsPyTorchs() {
    let linear = Linear(inputs: 4, outputs: 3, key: 1)
    #expect(linear.parameters.map(\.name) == ["weight", "bias"])
    #expect(linear.weight.shape == [3, 4])
    #expect(linear.bias?.shape == [3])
    #expect(Linear(inputs: 4, outputs: 3, hasBias: false, key: 1).parameters.count == 1)
    let norm = LayerNorm(width: 3)
    #expect(norm.parameters(under: "last").map(\.name) == ["last/weight", "last/bias"])
    #expect(norm.weight.scalars == [1, 1, 1])
    #expect(norm.bias.scalars == [0, 0, 0])
    #expect(norm.epsilon == 1e-5)
  }

  @Test func layersApplyTheirWeights() {
    let linear = Linear(
      weight: Tensor([1, 2, 3, 4], shape: [2, 2]), bias: Tensor([10, 20], shape: [2]))
    #expect(linear(Tensor([1, 1], shape: [1, 2])).scalars == [13, 27])
    let normal = LayerNorm(width: 2)(Tensor([1, 3], shape: [1, 2])).scalars
    #expect(largestGap(normal, [-1, 1] as [Float]) < 1e-4)
    let table = Embedding(rows: 2, width: 3, initializer: .ones, key: 0)
    #expect(table([1, -1]).scalars == [1, 1, 1, 0, 0, 0])
  }
}
