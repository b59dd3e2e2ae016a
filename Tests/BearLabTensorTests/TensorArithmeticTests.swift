import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

private func vector(_ numbers: [Float]) -> Tensor {
  Tensor(numbers, shape: [numbers.count], requiresGradient: true)
}

/// An operation on two tensors, its values at (6, −3), (3, 2), and its gradients of 5 times the sum.
struct BinaryCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let apply: @Sendable (Tensor, Tensor) -> Tensor
  let values: [Float]
  let left: [Float]
  let right: [Float]
}

@Test(arguments: [
  BinaryCase(
    testDescription: "+", apply: { $0 + $1 }, values: [9, -1], left: [5, 5], right: [5, 5]),
  BinaryCase(
    testDescription: "-", apply: { $0 - $1 }, values: [3, -5], left: [5, 5], right: [-5, -5]),
  BinaryCase(
    testDescription: "*", apply: { $0 * $1 }, values: [18, -6], left: [15, 10], right: [30, -15]),
  BinaryCase(
    testDescription: "/", apply: { $0 / $1 }, values: [2, -1.5], left: [5 / 3, 2.5],
    right: [-30 / 9, 15 / 4]),
])
func pairsCombineElementByElement(example: BinaryCase) throws {
  let (left, right) = (vector([6, -3]), vector([3, 2]))
  let result = example.apply(left, right)
  #expect(result.scalars == example.values)
  result.sum().backward(seed: 5)
  #expect(largestGap(try #require(left.gradient), example.left) < 1e-6)
  #expect(largestGap(try #require(right.gradient), example.right) < 1e-6)
}

@Test func aScalarTensorIsRepeatedAndSumsItsGradient() throws {
  let values = vector([1, 2, 3])
  let scalar = Tensor([4], shape: [], requiresGradient: true)
  #expect((values * scalar).scalars == [4, 8, 12])
  #expect((scalar / values).scalars == [4, 2, Float(4) / 3])
  (scalar * values).sum().backward()
  #expect(scalar.gradient == [6])
  #expect(values.gradient == [4, 4, 4])
  for operation: (Tensor, Tensor) -> Tensor in [{ $0 + $1 }, { $0 - $1 }, { $0 * $1 }, { $0 / $1 }]
  {
    for swaps in [false, true] {
      let error = GradientCheck.largestError(
        of: {
          let (x, y) = swaps ? ($0[1], $0[0]) : ($0[0], $0[1])
          return operation(x, y).exp().sum()
        }, at: [values, Tensor([1.5], shape: [])])
      #expect(error < 1e-3)
    }
  }
}

@Test func constantsCombineOnBothSides() throws {
  let x = vector([1, -2])
  #expect((x + 3).scalars == [4, 1])
  #expect((3 + x).scalars == [4, 1])
  #expect((x - 3).scalars == [-2, -5])
  #expect((3 - x).scalars == [2, 5])
  #expect((x * 3).scalars == [3, -6])
  #expect((3 * x).scalars == [3, -6])
  #expect((x / 4).scalars == [0.25, -0.5])
  #expect((-x).scalars == [-1, 2])
  ((3 - x) * 2 + x / 4 - -x).sum().backward()
  #expect(x.gradient == [-0.75, -0.75])
}

@Test(arguments: [-100, -20, -1.5, 0, 0.25, 20, 100] as [Float])
func functionsMatchDoublePrecision(x: Float) {
  let exact = Double(x)
  let tensor = Tensor(scalar: x)
  func isClose(_ actual: Tensor, _ expected: Double) -> Bool {
    abs(Double(actual.scalars[0]) - expected) <= 2e-7 * abs(expected)
  }
  #expect(isClose(tensor.sigmoid(), 1 / (1 + exp(-exact))) || x == -100)
  #expect(isClose(tensor.softplus(), max(exact, 0) + log1p(exp(-abs(exact)))) || x == -100)
  #expect(isClose(tensor.logSigmoid(), -(max(-exact, 0) + log1p(exp(-abs(exact))))) || x == 100)
  #expect(tensor.logSigmoid().scalars[0].isFinite)
  if x <= 20, x >= -20 { #expect(isClose(tensor.exp(), exp(exact))) }
  if x > 0 { #expect(isClose(tensor.log(), log(exact))) }
  #expect(tensor.clamped(atLeast: 0.5).scalars[0] == max(x, 0.5))
}

/// A function of one tensor whose derivative is compared with finite differences.
struct UnaryCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let apply: @Sendable (Tensor) -> Tensor
}

@Test(arguments: [
  UnaryCase(testDescription: "exp") { $0.exp() },
  UnaryCase(testDescription: "log") { ($0 * $0 + 1).log() },
  UnaryCase(testDescription: "sigmoid") { $0.sigmoid() },
  UnaryCase(testDescription: "logSigmoid") { $0.logSigmoid() },
  UnaryCase(testDescription: "softplus") { $0.softplus() },
  UnaryCase(testDescription: "clamped") { $0.clamped(atLeast: -0.3) * $0 },
  UnaryCase(testDescription: "mean") { ($0 * $0).mean() * 7 },
  UnaryCase(testDescription: "gathered") { ($0 * $0).gathered(at: [2, 0, 2, 2]) },
  UnaryCase(testDescription: "sums") { ($0 * $0).sums(over: [0..<2, 1..<4, 3..<3]) },
  UnaryCase(testDescription: "reshaped") {
    ($0 * $0).reshaped([2, 2]).reshaped([4]) * $0
  },
  UnaryCase(testDescription: "rows") { ($0 * $0).reshaped([2, 2]).rows(at: [1, 1, 0]) },
])
func derivativesMatchFiniteDifferences(example: UnaryCase) {
  let x = Tensor([-1.2, 0.1, 0.9, 1.7], shape: [4])
  let error = GradientCheck.largestError(
    of: { inputs in
      let result = example.apply(inputs[0])
      // Unequal factors, so that a permuted gradient shows.
      let factors = Tensor((0..<result.count).map { 1 + Float($0) / 2 }, shape: result.shape)
      return (result * factors).sum()
    }, at: [x])
  #expect(error < 1e-3)
}

@Test func reductionsAndSelectionsByHand() throws {
  let x = vector([1, 2, 3, 4])
  #expect(x.sum().scalars == [10])
  #expect(x.sum().shape == [])
  #expect(x.mean().scalars == [2.5])
  #expect(x.gathered(at: [3, 0, 3]).scalars == [4, 1, 4])
  #expect(x.sums(over: [1..<4, 0..<1, 2..<2]).scalars == [9, 1, 0])
  let matrix = x.reshaped([2, 2])
  #expect(matrix.shape == [2, 2])
  #expect(matrix.rows(at: [1, 0, 1]).scalars == [3, 4, 1, 2, 3, 4])
  #expect(matrix.rows(at: [1, 0, 1]).shape == [3, 2])
  x.gathered(at: [3, 0, 3]).sum().backward()
  #expect(x.gradient == [1, 0, 0, 2])
}

@Test func theSumIsAccumulatedInDoublePrecision() {
  let numbers = Tensor([16_777_216] + [Float](repeating: 1, count: 64), shape: [65])
  #expect(numbers.sum().scalars == [16_777_280])
}

@Test func aTensorUsedTwiceGetsBothGradients() throws {
  let x = vector([3])
  let square = x * x
  (square * x + square + x).sum().backward()
  // d (x³ + x² + x) = 3x² + 2x + 1
  #expect(x.gradient == [34])
}

@Test func backwardAddsToTheGradientUntilItIsCleared() throws {
  let x = vector([1, 1])
  (x * 2).sum().backward()
  (x * 3).sum().backward(seed: -1)
  #expect(x.gradient == [-1, -1])
  x.clearGradient()
  #expect(x.gradient == nil)
}

@Test func backwardTwiceThroughOneTapeDoubles() throws {
  let x = vector([2])
  let y = (x * x).sum()
  y.backward()
  y.backward()
  #expect(x.gradient == [8])
}

@Test func aDetachedTensorIsAConstant() throws {
  let x = vector([2, 5])
  let constant = (x * x).detached()
  #expect(!constant.requiresGradient)
  #expect(constant.scalars == [4, 25])
  (x * constant).sum().backward()
  #expect(x.gradient == [4, 25])
}

@Test func aLongTapeNeedsNoDeepRecursion() {
  let x = vector([1])
  var y = x
  for _ in 0..<20_000 { y = y + 1 }
  y.sum().backward()
  #expect(x.gradient == [1])
}

@Test func emptyTensorsHaveAnEmptyGradient() throws {
  let empty = vector([])
  let x = vector([1, 2])
  #expect(empty.sum().scalars == [0])
  #expect((empty * 2 + empty).scalars == [])
  #expect(x.gathered(at: []).sum().scalars == [0])
  #expect(Tensor(zeros: [0, 4]).rows(at: []).shape == [0, 4])
  (x.gathered(at: []).sum() + empty.sum()).backward()
  #expect(x.gradient == [0, 0])
  #expect(empty.gradient == [])
}
