import BearLabTensor
import BearLabTestSupport
import Testing

private func random(_ count: Int, seed: UInt64 = 5) -> Tensor {
  var random = SeededGenerator(seed)
  return Tensor((0..<count).map { _ in Float.random(in: -2...2, using: &random) }, shape: [count])
}

@Test func aRightGradientHasASmallError() {
  let error = GradientCheck.largestError(
    of: { ($0[0] * $0[0] * $0[1].sigmoid()).sum() }, at: [random(20), random(20, seed: 6)])
  #expect(error < 1e-3)
}

/// A constant factor hides its part of the derivative, as `detached()` in a wrong place would.
@Test func aMissingTermIsCaught() {
  let error = GradientCheck.largestError(
    of: { ($0[0] * $0[0].detached()).sum() }, at: [random(20)])
  #expect(error > 0.3)
}

@Test func oneWrongElementOfManyIsCaught() {
  // d/dx of x₇² is taken for 0.
  let error = GradientCheck.largestError(
    of: { inputs in
      let square = inputs[0] * inputs[0]
      let others = (0..<20).filter { $0 != 7 }
      return square.gathered(at: others).sum() + square.detached().gathered(at: [7]).sum()
    }, at: [random(20)])
  #expect(error > 0.01)
}

@Test func aFunctionWithoutAGradientIsNoError() {
  #expect(GradientCheck.largestError(of: { ($0[0] * 0).sum() + 1000 }, at: [random(3)]) == 0)
  let shift = GradientCheck.largestError(
    of: { ($0[0] - $0[0] + 1000).sum() }, at: [random(3)])
  #expect(shift < 1e-3)
}

@Test func anUnrecordedDependenceIsCaught() {
  let error = GradientCheck.largestError(of: { $0[0].detached().sum() }, at: [random(3)])
  #expect(error > 0.9)
}

@Test func aNumberThatIsNoneIsAnInfiniteError() {
  let error = GradientCheck.largestError(of: { ($0[0] - 5).log().sum() }, at: [random(3)])
  #expect(error == .infinity)
}
