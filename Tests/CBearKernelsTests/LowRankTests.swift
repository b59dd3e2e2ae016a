import BearLabTestSupport
import CBearKernels
import Testing

extension KernelTests {
  @Suite struct LowRank {
    @Test(arguments: availableISAs, LowRankCase.all)
    func dots(isa: String, example: LowRankCase) throws {
      let before = randomFloats(example.rows * example.lowStride, seed: 64)
      var low = before
      try withISA(isa) { example.dots(0..<example.rows, into: &low) }
      // Sums of up to 1300 terms, some near 0.
      #expect(scaledGap(low, example.expectedDots(before)) < 1e-5)
    }

    @Test(arguments: availableISAs, LowRankCase.all)
    func expand(isa: String, example: LowRankCase) throws {
      let before = randomFloats(example.rows * example.xStride, seed: 65)
      var y = before
      try withISA(isa) { example.expand(0..<example.rows, addingTo: &y) }
      #expect(scaledGap(y, example.expectedExpansion(before)) < 3e-6)
    }

    @Test(arguments: availableISAs, LowRankCase.all)
    func outer(isa: String, example: LowRankCase) throws {
      let before = randomFloats(example.rank * example.wStride, seed: 66)
      var g = before
      try withISA(isa) { example.outer(addingTo: &g) }
      #expect(scaledGap(g, example.expectedOuter(before)) < 3e-6)
    }

    /// Rows in one call, and each in a call of its own.
    @Test(arguments: availableISAs, LowRankCase.all)
    func rowsDoNotDependOnTheirCall(isa: String, example: LowRankCase) throws {
      var low = [[Float]](
        repeating: randomFloats(example.rows * example.lowStride, seed: 67), count: 2)
      var y = [[Float]](
        repeating: randomFloats(example.rows * example.xStride, seed: 68), count: 2)
      try withISA(isa) {
        example.dots(0..<example.rows, into: &low[0])
        example.expand(0..<example.rows, addingTo: &y[0])
        for r in 0..<example.rows {
          example.dots(r..<r + 1, into: &low[1])
          example.expand(r..<r + 1, addingTo: &y[1])
        }
      }
      #expect(low[0].map(\.bitPattern) == low[1].map(\.bitPattern))
      #expect(y[0].map(\.bitPattern) == y[1].map(\.bitPattern))
    }

    /// By hand: 2 (1 · 3 + 0 · 4) = 6 where the second column is dropped.
    @Test(arguments: availableISAs)
    func dotsOfTwoColumns(isa: String) throws {
      var low = unwritten(1)
      try withISA(isa) {
        bear_low_rank_dots(BEAR_F32, 1, 2, 1, [Float(1), 2], 2, [0b01], 1, [3, 4], 2, 2, &low, 1)
      }
      #expect(low == [6])
    }
  }
}
