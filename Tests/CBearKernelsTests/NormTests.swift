import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

/// Odd widths leave a tail after whole vectors; one row and one column are the degenerate ends.
private let shapes = [(0, 5), (1, 1), (1, 7), (3, 64), (2, 576), (5, 257)]

extension KernelTests {
  @Suite struct Norm {
    @Test(arguments: availableISAs, shapes)
    func rmsNorm(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let x = randomFloats(rows * width, seed: 1)
      let w = randomFloats(width, seed: 2, in: 0.5...1.5)
      var y = unwritten(x.count)
      var rstd = unwritten(rows)
      try withISA(isa) { bear_rms_norm(BEAR_F32, rows, width, 1e-5, x, w, &y, &rstd) }
      let factors = Self.reciprocalDeviations(x, width)
      let expected = x.indices.map {
        Double(w[$0 % width]) * Double(x[$0]) * factors[$0 / width]
      }
      #expect(scaledGap(rstd, factors) < 5e-7)
      #expect(scaledGap(y, expected) < 1e-6)
    }

    /// Also without a place for the factors.
    @Test(arguments: availableISAs, shapes)
    func rmsNormIntoAnOperand(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let x = randomFloats(rows * width, seed: 1)
      let w = randomFloats(width, seed: 2, in: 0.5...1.5)
      var y = unwritten(x.count)
      var rounded = [UInt16](repeating: 0xFFFF, count: x.count)
      try withISA(isa) {
        bear_rms_norm(BEAR_F32, rows, width, 1e-5, x, w, &y, nil)
        bear_rms_norm(BEAR_BF16, rows, width, 1e-5, x, w, &rounded, nil)
      }
      #expect(rounded == y.map(roundedToHalf))
    }

    @Test(arguments: availableISAs, shapes)
    func rmsNormBackward(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let x = randomFloats(rows * width, seed: 3)
      let w = randomFloats(width, seed: 4, in: 0.5...1.5)
      let dy = randomFloats(rows * width, seed: 5)
      let before = randomFloats(rows * width, seed: 6)
      var dx = before
      let factors = Self.reciprocalDeviations(x, width)
      let rstd = factors.map { Float($0) }
      try withISA(isa) { bear_rms_norm_backward_f32(rows, width, x, w, rstd, dy, &dx) }
      let expected = x.indices.map { place -> Double in
        let r = place / width
        let factor = factors[r]
        let dot = (0..<width).reduce(0.0) {
          $0 + Double(w[$1]) * Double(dy[r * width + $1]) * Double(x[r * width + $1])
        }
        let direct = Double(w[place % width]) * Double(dy[place])
        let pull = Double(x[place]) * factor * factor / Double(width) * dot
        return Double(before[place]) + factor * (direct - pull)
      }
      #expect(scaledGap(dx, expected) < 2e-6)
    }

    /// By hand: the mean square of (3, 4) is 12.5.
    @Test(arguments: availableISAs)
    func rmsNormOfThreeAndFour(isa: String) throws {
      var y = unwritten(2)
      var rstd = unwritten(1)
      try withISA(isa) { bear_rms_norm(BEAR_F32, 1, 2, 1e-12, [3, 4], [1, 2], &y, &rstd) }
      let root = 12.5.squareRoot()
      #expect(largestGap(y, [3 / root, 8 / root]) < 1e-6)
    }

    private static func reciprocalDeviations(_ x: [Float], _ width: Int) -> [Double] {
      stride(from: 0, to: x.count, by: width).map { start in
        let squares = x[start..<start + width].reduce(0.0) { $0 + Double($1) * Double($1) }
        return 1 / (squares / Double(width) + Double(Float(1e-5))).squareRoot()
      }
    }
  }

  /// Heads in rows that are wider than they are, against the norm of each head alone.
  @Suite struct HeadNorm {
    @Test(arguments: availableISAs, [(0, 2, 6), (1, 1, 2), (3, 2, 6), (5, 3, 64), (2, 1, 35)])
    func eachHeadIsNormalisedInPlace(
      isa: String, shape: (rows: Int, heads: Int, width: Int)
    ) throws {
      let (rows, heads, width) = shape
      let stride = heads * width + 3
      let x = randomFloats(rows * stride, seed: 8)
      let w = randomFloats(width, seed: 9, in: 0.5...1.5)
      let dy = randomFloats(rows * (stride + 2), seed: 10)
      var (y, dx) = (x, dy)
      try withISA(isa) {
        bear_head_norm_f32(rows, heads, width, stride, 1e-5, w, &y)
        bear_head_norm_backward_f32(
          rows, heads, width, 1e-5, x, stride, w, &dx, stride + 2)
      }
      var (expected, gradient) = (doubles(x), doubles(dy))
      for r in 0..<rows {
        for h in 0..<heads {
          let place = r * stride + h * width
          let upper = r * (stride + 2) + h * width
          let head = doubles(Array(x[place..<place + width]))
          let factor = 1 / (dot(head, head) / Double(width) + Double(Float(1e-5))).squareRoot()
          let weighted = (0..<width).map { Double(w[$0]) * Double(dy[upper + $0]) }
          let pull = dot(weighted, head) * factor * factor / Double(width)
          for i in 0..<width {
            expected[place + i] = Double(w[i]) * head[i] * factor
            gradient[upper + i] = factor * (weighted[i] - head[i] * pull)
          }
        }
      }
      #expect(scaledGap(y, expected) < 1e-6)
      #expect(scaledGap(dx, gradient) < 2e-6)
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  @Suite struct Rotary {
    /// Rows wider than their heads, as in a fused row of queries, keys and values.
    @Test(arguments: availableISAs, [(1, 1, 2), (3, 2, 6), (5, 3, 64), (2, 1, 34)])
    func rotates(isa: String, shape: (rows: Int, heads: Int, width: Int)) throws {
      let (rows, heads, width) = shape
      let half = width / 2
      let stride = heads * width + 3
      let positions = (0..<rows).map { Int32(($0 * 7 + 2) % 9) }
      let angles = randomFloats(9 * half, seed: 7, in: -3...3)
      let cosine = angles.map { cos($0) }
      let sine = angles.map { sin($0) }
      let x = randomFloats(rows * stride, seed: 8)
      var y = x
      try withISA(isa) {
        bear_rotary_f32(rows, heads, width, stride, positions, cosine, sine, 1, &y)
      }
      var expected = doubles(x)
      for r in 0..<rows {
        for h in 0..<heads {
          for i in 0..<half {
            let lower = r * stride + h * width + i
            let c = Double(cosine[Int(positions[r]) * half + i])
            let s = Double(sine[Int(positions[r]) * half + i])
            expected[lower] = Double(x[lower]) * c - Double(x[lower + half]) * s
            expected[lower + half] = Double(x[lower + half]) * c + Double(x[lower]) * s
          }
        }
      }
      #expect(largestGap(y, expected) < 1e-6)
      try withISA(isa) {
        bear_rotary_f32(rows, heads, width, stride, positions, cosine, sine, -1, &y)
      }
      #expect(largestGap(y, x) < 2e-6)
    }
  }
}
