import CBearKernels
import Testing

/// Matrices of the low-rank products, with more between their rows than they need, and the same
/// products in double precision.
struct LowRankCase: Sendable, CustomTestStringConvertible {
  let rows: Int
  let width: Int
  let rank: Int
  let type: bear_element
  let dropped: Bool
  let x: Operand
  let low: [Float]
  let w: [Float]
  let bits: [UInt8]
  private let kept: [Double]

  init(_ rows: Int, _ width: Int, _ rank: Int, _ type: bear_element, dropped: Bool) {
    (self.rows, self.width, self.rank, self.type) = (rows, width, rank, type)
    self.dropped = dropped
    x = Operand(randomFloats(rows * (width + 3), seed: 60), type)
    low = randomFloats(rows * (rank + 2), seed: 61)
    w = randomFloats(rank * (width + 1), seed: 62, in: -1...1)
    kept = randomFloats(rows * width, seed: 63, in: 0...1).map { !dropped || $0 > 0.3 ? 1 : 0 }
    // What lies beyond the last column's bit has no meaning.
    var bits = [UInt8](repeating: 0xFF, count: rows * ((width + 7) / 8 + 1))
    for place in kept.indices where kept[place] == 0 {
      let column = place % width
      bits[place / width * ((width + 7) / 8 + 1) + column / 8] &= ~(1 << UInt8(column % 8))
    }
    self.bits = bits
  }

  var testDescription: String {
    "\(rows) x \(width), rank \(rank), \(type == BEAR_BF16 ? "bf16" : "f32")"
      + (dropped ? ", dropped" : "")
  }

  static let all: [LowRankCase] = [
    (1, 1, 1), (7, 7, 3), (3, 257, 8), (13, 68, 12), (4, 7, 64), (2, 1300, 8),
  ].flatMap { rows, width, rank in
    [BEAR_F32, BEAR_BF16].flatMap { type in
      [false, true].map { LowRankCase(rows, width, rank, type, dropped: $0) }
    }
  }

  var scale: Float { 1.25 }
  var xStride: Int { width + 3 }
  var lowStride: Int { rank + 2 }
  var wStride: Int { width + 1 }
  private var bitsStride: Int { (width + 7) / 8 + 1 }

  // MARK: Kernels

  /// Rows `range` of the dots, in a call of their own.
  func dots(_ range: Range<Int>, into low: inout [Float]) {
    x.withPointer(at: range.lowerBound * xStride) { x in
      withBits(range) { bits in
        low.withUnsafeMutableBufferPointer { low in
          bear_low_rank_dots(
            type, range.count, width, rank, x, xStride, bits, bitsStride, w, wStride, scale,
            low.baseAddress.map { $0 + range.lowerBound * lowStride }, lowStride)
        }
      }
    }
  }

  /// Rows `range` of the expansion, in a call of their own.
  func expand(_ range: Range<Int>, addingTo y: inout [Float]) {
    low.withUnsafeBufferPointer { low in
      withBits(range) { bits in
        y.withUnsafeMutableBufferPointer { y in
          bear_low_rank_expand(
            range.count, width, rank, low.baseAddress.map { $0 + range.lowerBound * lowStride },
            lowStride, w, wStride, bits, bitsStride, scale,
            y.baseAddress.map { $0 + range.lowerBound * xStride }, xStride)
        }
      }
    }
  }

  func outer(addingTo g: inout [Float]) {
    x.withPointer(at: 0) { x in
      withBits(0..<rows) { bits in
        bear_low_rank_outer(
          type, rows, width, rank, low, lowStride, x, xStride, bits, bitsStride, scale, &g,
          wStride)
      }
    }
  }

  private func withBits(_ range: Range<Int>, _ body: (UnsafePointer<UInt8>?) -> Void) {
    guard dropped else { return body(nil) }
    bits.withUnsafeBufferPointer { body($0.baseAddress.map { $0 + range.lowerBound * bitsStride }) }
  }

  // MARK: Reference

  /// What the dots leave in a buffer that held `before`.
  func expectedDots(_ before: [Float]) -> [Double] {
    var result = doubles(before)
    for r in 0..<rows {
      for j in 0..<rank {
        result[r * lowStride + j] = (0..<width).reduce(0.0) {
          $0 + Double(scale) * masked(r, $1) * Double(w[j * wStride + $1])
        }
      }
    }
    return result
  }

  func expectedExpansion(_ before: [Float]) -> [Double] {
    var result = doubles(before)
    for r in 0..<rows {
      for i in 0..<width {
        let sum = (0..<rank).reduce(0.0) {
          $0 + Double(low[r * lowStride + $1]) * Double(w[$1 * wStride + i])
        }
        result[r * xStride + i] += Double(scale) * kept[r * width + i] * sum
      }
    }
    return result
  }

  func expectedOuter(_ before: [Float]) -> [Double] {
    var result = doubles(before)
    for j in 0..<rank {
      for i in 0..<width {
        result[j * wStride + i] += (0..<rows).reduce(0.0) {
          $0 + Double(scale) * Double(low[$1 * lowStride + j]) * masked($1, i)
        }
      }
    }
    return result
  }

  private func masked(_ r: Int, _ i: Int) -> Double {
    kept[r * width + i] * Double(x.values[r * xStride + i])
  }
}
