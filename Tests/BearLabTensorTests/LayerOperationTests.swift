import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

/// Numbers evenly within ±1.5, the same for the same seed.
func randomTensor(_ shape: [Int], seed: UInt64, requiresGradient: Bool = false) -> Tensor {
  var random = SeededGenerator(seed)
  let values = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1.5...1.5, using: &random) }
  return Tensor(values, shape: shape, requiresGradient: requiresGradient)
}

/// A scalar with unequal factors, so that a permuted gradient shows.
private func weighed(_ tensor: Tensor) -> Tensor {
  let factors = (0..<tensor.count).map { sin(Float($0) * 1.7 + 0.3) }
  return (tensor * Tensor(factors, shape: tensor.shape)).sum()
}

/// An operation whose gradients are compared with finite differences.
struct OperationCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [[Int]]
  let apply: @Sendable ([Tensor]) -> Tensor
}

private let operations = [
  OperationCase(testDescription: "linear", shapes: [[37, 5], [7, 5], [7]]) {
    $0[0].linear($0[1], bias: $0[2])
  },
  OperationCase(testDescription: "linear without bias", shapes: [[1, 64], [3, 64]]) {
    $0[0].linear($0[1])
  },
  OperationCase(testDescription: "linear of itself", shapes: [[20, 20]]) { $0[0].linear($0[0]) },
  OperationCase(testDescription: "layerNorm", shapes: [[3, 19], [19], [19]]) {
    $0[0].layerNorm(weight: $0[1], bias: $0[2])
  },
  OperationCase(testDescription: "layerNorm of many", shapes: [[130, 4], [4], [4]]) {
    ($0[0] + 5 * Tensor((0..<520).map { Float($0 % 4) }, shape: [130, 4]))
      .layerNorm(weight: $0[1], bias: $0[2])
  },
  OperationCase(testDescription: "gelu", shapes: [[3, 7]]) { ($0[0] * 2).gelu() },
  OperationCase(testDescription: "tanh", shapes: [[3, 7]]) { $0[0].tanh() },
  OperationCase(testDescription: "relu", shapes: [[17]]) { ($0[0] + 3).relu() * $0[0] },
  OperationCase(testDescription: "leakyRelu", shapes: [[17]]) {
    ($0[0] - 3).leakyRelu(slope: 0.2) * $0[0]
  },
  OperationCase(testDescription: "dropped", shapes: [[33, 65]]) {
    $0[0].dropped(rate: 0.3, key: 7)
  },
  OperationCase(testDescription: "adding row", shapes: [[35, 3], [3]]) {
    $0[0].adding(row: $0[1]) * $0[0]
  },
  OperationCase(testDescription: "rowDots", shapes: [[5, 17], [5, 17]]) { $0[0].rowDots($0[1]) },
  OperationCase(testDescription: "rowDots of itself", shapes: [[5, 17]]) { $0[0].rowDots($0[0]) },
  OperationCase(testDescription: "rows below others", shapes: [[2, 3], [1, 3]]) {
    .concatenatingRows([$0[0], $0[1], $0[0]])
  },
  OperationCase(testDescription: "columns beside others", shapes: [[2, 3], [2, 1]]) {
    .concatenatingColumns([$0[0], $0[1], $0[0]])
  },
  OperationCase(testDescription: "columns", shapes: [[3, 7]]) { ($0[0] * $0[0]).columns(2..<5) },
  OperationCase(testDescription: "rows with padding", shapes: [[3, 5]]) {
    $0[0].rows(at: [2, -1, 0, 2])
  },
  OperationCase(testDescription: "maxOverRows", shapes: [[5, 3]]) {
    ($0[0] + Tensor((0..<15).map { Float($0 * 7 % 15) }, shape: [5, 3])).maxOverRows(
      offsets: [0, 1, 5]) * 2
  },
  OperationCase(testDescription: "binaryCrossEntropy", shapes: [[9]]) {
    $0[0].binaryCrossEntropy(target: true) * 2 + $0[0].binaryCrossEntropy(target: false)
  },
  OperationCase(testDescription: "crossEntropy", shapes: [[3, 21]]) {
    $0[0].crossEntropy(targets: [20, 0, 7])
  },
  OperationCase(testDescription: "gruStep", shapes: [[17, 5], [17, 15], [17, 15]]) {
    $0[0].gruStep(input: $0[1], recurrent: $0[2])
  },
]

@Test(arguments: operations)
func layerOperationsMatchFiniteDifferences(example: OperationCase) throws {
  let inputs = example.shapes.enumerated().map { randomTensor($1, seed: UInt64($0) + 3) }
  for set in availableInstructionSets {
    for threads in [1, 2] {
      let error = try withCompute(threads: threads, instructionSet: set) {
        GradientCheck.largestError(of: { weighed(example.apply($0)) }, at: inputs)
      }
      #expect(error < 1e-3, "\(set), \(threads) threads")
    }
  }
}

/// Each operation against one number at a time in double precision, at odd sizes.
@Test(arguments: [(1, 1), (3, 7), (37, 65)])
func layerOperationsMatchDoublePrecision(rows: Int, width: Int) throws {
  let x = randomTensor([rows, width], seed: 1)
  let (weight, bias) = (randomTensor([5, width], seed: 2), randomTensor([5], seed: 3))
  let (scale, shift) = (randomTensor([width], seed: 4), randomTensor([width], seed: 5))
  let numbers = x.scalars.map(Double.init)
  for set in availableInstructionSets {
    try withCompute(threads: 2, instructionSet: set) {
      var expected: [Double] = []
      var normal: [Double] = []
      for row in 0..<rows {
        let own = Array(numbers[row * width..<(row + 1) * width])
        for output in 0..<5 {
          expected.append(
            own.indices.reduce(Double(bias.scalars[output])) {
              $0 + own[$1] * Double(weight.scalars[output * width + $1])
            })
        }
        let mean = own.reduce(0, +) / Double(width)
        let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        normal += own.indices.map {
          (own[$0] - mean) / (variance + 1e-3).squareRoot() * Double(scale.scalars[$0])
            + Double(shift.scalars[$0])
        }
      }
      #expect(largestGap(x.linear(weight, bias: bias).scalars, expected) < 2e-5)
      let layer = x.layerNorm(weight: scale, bias: shift, epsilon: 1e-3)
      #expect(largestGap(layer.scalars, normal) < 2e-5)
    }
  }
}

@Test func activationsMatchDoublePrecisionOverTheirRange() throws {
  let numbers =
    stride(from: Float(-12), through: 12, by: 0.003).map { $0 } + [0, 1e-20, -1e-20, 60]
  let x = Tensor(numbers, shape: [numbers.count])
  let doubles = numbers.map(Double.init)
  for set in availableInstructionSets {
    try withCompute(instructionSet: set) {
      let gelu = doubles.map { $0 / 2 * erfc(-$0 / 2.0.squareRoot()) }
      #expect(largestGap(x.gelu().scalars, gelu) < 1.5e-6)
      for (own, exact) in zip(x.tanh().scalars, doubles.map { Foundation.tanh($0) }) {
        #expect(abs(Double(own) - exact) <= 4e-7 * abs(exact))
      }
      #expect(x.relu().scalars == numbers.map { max($0, 0) })
      #expect(x.leakyRelu(slope: 0.25).scalars == numbers.map { $0 > 0 ? $0 : $0 / 4 })
    }
  }
}

@Test func selectionsByHand() {
  let x = Tensor([1, 2, 3, 4, 5, 0], shape: [3, 2], requiresGradient: true)
  #expect(x.columns(1..<2).scalars == [2, 4, 0])
  #expect(x.maxOverRows(offsets: [0, 1, 3]).scalars == [1, 2, 5, 4])
  #expect(x.rows(at: [-1, 1]).scalars == [0, 0, 3, 4])
  #expect(Tensor.concatenatingColumns([x, x]).scalars == [1, 2, 1, 2, 3, 4, 3, 4, 5, 0, 5, 0])
  #expect(x.rowDots(x).scalars == [5, 25, 25])
  x.rows(at: [2, -1, 2]).sum().backward()
  #expect(x.gradient == [0, 0, 0, 0, 2, 2])
}

@Suite struct Dropout {
  @Test func maskDependsOnKeyAndPlaceAlone() throws {
    let x = Tensor([Float](repeating: 1, count: 5000), shape: [5000])
    let all = try availableInstructionSets.map { set in
      try withCompute(threads: 2, instructionSet: set) { x.dropped(rate: 0.25, key: 5).scalars }
    }
    #expect(all.allSatisfy { $0 == all[0] })
    // The numbers before a place decide nothing.
    let short = Tensor([Float](repeating: 1, count: 1100), shape: [1100]).dropped(
      rate: 0.25, key: 5)
    #expect(short.scalars == Array(all[0].prefix(1100)))
    #expect(x.dropped(rate: 0.25, key: 6).scalars != all[0])
    #expect(Set(all[0]).count == 2)
    let kept = all[0].filter { $0 != 0 }
    #expect(abs(kept[0] - 4 / 3) < 1e-4)
    // Four deviations of 5000 draws.
    #expect((3628...3872).contains(kept.count))
  }

  @Test func rateOfZeroChangesNothing() {
    let x = randomTensor([9], seed: 1)
    #expect(x.dropped(rate: 0, key: 1) === x)
  }
}

/// Threads sum blocks of rows in a fixed order.
@Test func gradientsHaveTheSameBitsTwice() throws {
  func run() throws -> [[Float]?] {
    try withCompute(threads: 2) {
      let x = randomTensor([301, 33], seed: 1, requiresGradient: true)
      let w = randomTensor([17, 33], seed: 2, requiresGradient: true)
      let scale = randomTensor([17], seed: 3, requiresGradient: true)
      let shift = randomTensor([17], seed: 4, requiresGradient: true)
      weighed(x.linear(w).layerNorm(weight: scale, bias: shift).gelu()).backward()
      return [x.gradient, w.gradient, scale.gradient, shift.gradient]
    }
  }
  #expect(try run() == run())
}
