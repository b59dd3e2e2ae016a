import BearLabTestSupport
import CBearKernels
import Testing

/// The parent of every suite here: the choice of instruction set is one for the process, so no two
/// of these tests may run at once.
@Suite(.serialized) struct KernelTests {}

/// The instruction sets that this CPU has, from the narrowest.
let availableISAs: [String] = {
  let all = ["portable", "avx2", "avx512", "avx512_bf16"]
  let best = all.firstIndex(of: String(cString: bear_best_isa())) ?? 0
  return Array(all[...best])
}()

/// Runs `body` with the kernels of one instruction set, then goes back to the best; other suites
/// that choose one wait.
func withISA<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
  try withCompute(instructionSet: name, body)
}

/// Evenly distributed numbers, the same for the same seed.
func randomFloats(
  _ count: Int, seed: UInt64, in range: ClosedRange<Float> = -2...2
) -> [Float] {
  var random = SeededGenerator(seed)
  return (0..<count).map { _ in Float.random(in: range, using: &random) }
}

/// A result buffer; an element that a kernel leaves out fails the comparison.
func unwritten(_ count: Int) -> [Float] {
  [Float](repeating: .nan, count: count)
}

func doubles(_ values: [Float]) -> [Double] {
  values.map(Double.init)
}

/// The largest difference over 1 plus the expected magnitude; infinite for NaN.
func scaledGap(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  return zip(actual, expected).reduce(0) { worst, pair in
    let gap = abs(Double(pair.0) - pair.1) / (1 + abs(pair.1))
    return gap.isNaN ? .infinity : max(worst, gap)
  }
}
