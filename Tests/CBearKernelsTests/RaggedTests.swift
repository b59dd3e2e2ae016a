import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

/// Lengths around one, eight and sixteen, with empty rows at the ends and between.
private let lengths = [0, 1, 7, 0, 8, 9, 16, 17, 40, 3, 0]
private let offsets = lengths.reduce(into: [Int64(0)]) { $0.append(($0.last ?? 0) + Int64($1)) }
private let count = lengths.reduce(0, +)

private func values<Element>(_ row: Int, of x: [Element]) -> ArraySlice<Element> {
  x[Int(offsets[row])..<Int(offsets[row + 1])]
}

/// The log-sum-exp in double precision.
private func reference(_ row: ArraySlice<Float>) -> Double {
  guard let largest = row.max().map(Double.init), largest.isFinite else { return -.infinity }
  return largest + log(row.reduce(0.0) { $0 + exp(Double($1) - largest) })
}

extension KernelTests {
  @Suite struct GatherDot {
    @Test(arguments: availableISAs, [1, 5, 33, 576])
    func matchesTheDoubleReference(isa: String, width: Int) throws {
      var random = SeededGenerator(20)
      let columns = (0..<count).map { _ in Int32.random(in: 0..<50, using: &random) }
      let x = randomFloats(lengths.count * width, seed: 21)
      let table = randomFloats(50 * width, seed: 22, in: -0.5...0.5)
      let dy = randomFloats(count, seed: 23)
      let before = randomFloats(x.count, seed: 24)
      var y = unwritten(count)
      var dx = before
      try withISA(isa) {
        bear_gather_dot_f32(lengths.count, width, offsets, columns, x, table, &y)
        bear_gather_dot_backward_f32(lengths.count, width, offsets, columns, dy, table, &dx)
      }
      var expected = [Double](repeating: 0, count: count)
      var expectedGradient = doubles(before)
      for r in lengths.indices {
        for j in Int(offsets[r])..<Int(offsets[r + 1]) {
          for i in 0..<width {
            let weight = Double(table[Int(columns[j]) * width + i])
            expected[j] += Double(x[r * width + i]) * weight
            expectedGradient[r * width + i] += Double(dy[j]) * weight
          }
        }
      }
      #expect(scaledGap(y, expected) < 3e-6)
      #expect(scaledGap(dx, expectedGradient) < 3e-6)
    }
  }

  @Suite struct RowSoftmax {
    @Test(arguments: availableISAs, [Float(1), 30, 1e4])
    func matchesTheDoubleReference(isa: String, range: Float) throws {
      let rows = lengths.count
      let x = randomFloats(count, seed: 25, in: -range...range)
      let expected = lengths.indices.map { reference(values($0, of: x)) }
      var lse = unwritten(rows)
      var y = unwritten(count)
      try withISA(isa) {
        bear_row_log_sum_exp_f32(rows, offsets, x, &lse)
        bear_row_subtract_f32(rows, offsets, x, lse, &y)
      }
      for r in lengths.indices {
        if lengths[r] == 0 {
          #expect(lse[r] == -.infinity)
        } else {
          #expect(abs(Double(lse[r]) - expected[r]) <= 3e-7 * (1 + abs(expected[r])))
        }
        #expect(Array(values(r, of: y)) == values(r, of: x).map { $0 - lse[r] })
      }
    }

    @Test(arguments: availableISAs)
    func backward(isa: String) throws {
      let rows = lengths.count
      let x = randomFloats(count, seed: 26, in: -5...5)
      let dy = randomFloats(count, seed: 27)
      let dLSE = randomFloats(rows, seed: 28)
      let before = randomFloats(count, seed: 29)
      let normaliser = lengths.indices.map { reference(values($0, of: x)) }
      let lse = normaliser.map { Float($0) }
      var logSoftmax = [Float](repeating: 0, count: count)
      var expectedSoftmax = doubles(before)
      var expectedLSE = doubles(before)
      for r in lengths.indices {
        let sum = values(r, of: dy).reduce(0.0) { $0 + Double($1) }
        for j in Int(offsets[r])..<Int(offsets[r + 1]) {
          let p = exp(Double(x[j]) - normaliser[r])
          logSoftmax[j] = Float(Double(x[j]) - normaliser[r])
          expectedSoftmax[j] += Double(dy[j]) - p * sum
          expectedLSE[j] += p * Double(dLSE[r])
        }
      }
      var dSoftmax = before
      var dx = before
      try withISA(isa) {
        bear_row_log_softmax_backward_f32(rows, offsets, logSoftmax, dy, &dSoftmax)
        bear_row_log_sum_exp_backward_f32(rows, offsets, x, lse, dLSE, &dx)
      }
      #expect(largestGap(dSoftmax, expectedSoftmax) < 3e-6)
      #expect(largestGap(dx, expectedLSE) < 2e-6)
    }

    @Test(arguments: availableISAs)
    func wholeVocabulary(isa: String) throws {
      let x = randomFloats(200_003, seed: 30, in: -10...10)
      var lse = unwritten(1)
      try withISA(isa) { bear_row_log_sum_exp_f32(1, [0, Int64(x.count)], x, &lse) }
      let expected = reference(x[...])
      #expect(abs(Double(lse[0]) - expected) < 1e-6 * abs(expected))
    }

    /// Of a sure target what is left after the difference, not the rounding of 1.
    @Test(arguments: availableISAs, [1, 16, 37])
    func softmaxMinusTarget(isa: String, width: Int) throws {
      let rows = 3
      var x = randomFloats(rows * width, seed: 31, in: -4...4)
      x[width - 1] = 30
      let targets = [Int32(width - 1), 0, Int32(width / 2)]
      let lse = (0..<rows).map { Float(reference(x[$0 * width..<($0 + 1) * width])) }
      var plain = unwritten(rows * width)
      var halves = [UInt16](repeating: 0xFFFF, count: rows * width)
      try withISA(isa) {
        bear_row_softmax_minus_target(BEAR_F32, rows, width, x, lse, targets, &plain)
        bear_row_softmax_minus_target(BEAR_BF16, rows, width, x, lse, targets, &halves)
      }
      for place in x.indices {
        let (r, j) = (place / width, place % width)
        let expected = exp(Double(x[place]) - Double(lse[r])) - (j == Int(targets[r]) ? 1 : 0)
        #expect(abs(Double(plain[place]) - expected) < 3e-7)
        // A smaller number than any normal one may have become 0.
        #expect(widened(halves[place]) == widened(roundedToHalf(plain[place])))
      }
    }

    /// Rows: all -inf; -inf beside a number; +inf; NaN.
    @Test(arguments: availableISAs)
    func infinitiesAndNaN(isa: String) throws {
      let x: [Float] = [-.infinity, -.infinity, -.infinity, 3, 1, .infinity, -.infinity, .nan]
      var lse = unwritten(4)
      try withISA(isa) { bear_row_log_sum_exp_f32(4, [0, 2, 4, 6, 8], x, &lse) }
      #expect(Array(lse[..<3]) == [-.infinity, 3, .infinity])
      #expect(lse[3].isNaN)
    }

    /// The exponential shared by all kernels: dx = exp(x - 0) * 1, within two units in the last
    /// place, subnormals included.
    @Test(arguments: availableISAs)
    func exponentialOverTheFullRange(isa: String) throws {
      let special: [Float] = [-.infinity, -1e30, -104, 0, -0.0, 88.7, 89, 1e30, .infinity]
      let x = special + (0..<100_003).map { -105 + Float($0) * (194 / 100_003) }
      var dx = [Float](repeating: 0, count: x.count)
      try withISA(isa) {
        bear_row_log_sum_exp_backward_f32(1, [0, Int64(x.count)], x, [0], [1], &dx)
      }
      let wrong = x.indices.filter {
        let expected = Float(exp(Double(x[$0])))
        guard expected.isFinite else { return dx[$0] != expected }
        return !(abs(dx[$0] - expected) <= 2 * expected.ulp)
      }
      #expect(wrong.isEmpty)
    }
  }
}
