import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

private let counts = [0, 1, 3, 15, 16, 17, 257]

extension KernelTests {
  @Suite struct Elementwise {
    @Test(arguments: availableISAs, counts)
    func axpyAndSumOfSquares(isa: String, count: Int) throws {
      let x = randomFloats(count, seed: 12)
      let before = randomFloats(count, seed: 13)
      var y = before
      let squares = try withISA(isa) {
        bear_axpy_f32(count, -0.75, x, &y)
        return bear_sum_of_squares_f32(count, x)
      }
      #expect(largestGap(y, zip(before, x).map { Double($0) - 0.75 * Double($1) }) < 1e-6)
      let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(squares - expected) <= 1e-14 * expected * Double(count))
    }

    @Test(arguments: availableISAs, counts)
    func adamW(isa: String, count: Int) throws {
      var parameter = randomFloats(count, seed: 14)
      var first = [Float](repeating: 0, count: count)
      var second = first
      var reference = AdamWReference(doubles(parameter))
      for step in 1...6 {
        let gradient = randomFloats(count, seed: 100 + UInt64(step))
        try withISA(isa) {
          bear_adamw_f32(
            count, 0.01, 0.9, 0.999, 1e-8, 0.1, 0.5, Int64(step), gradient, &parameter, &first,
            &second)
        }
        reference.step(gradient.map { Double($0) * 0.5 })
        #expect(largestGap(parameter, reference.parameter) < 1e-6)
        #expect(largestGap(first, reference.first) < 1e-6)
        #expect(largestGap(second, reference.second) < 1e-6)
      }
    }

    @Test(arguments: availableISAs)
    func widensEveryHalfPrecisionNumber(isa: String) throws {
      // One short of all, so that there is a tail; the last pattern is a NaN.
      let all = Array(UInt16.min..<UInt16.max)
      var half = unwritten(all.count)
      try withISA(isa) { bear_f16_to_f32(all.count, all, &half) }
      let wrong = all.indices.filter {
        let expected = Float(Float16(bitPattern: all[$0]))
        return expected.isNaN ? !half[$0].isNaN : half[$0].bitPattern != expected.bitPattern
      }
      #expect(wrong.isEmpty)
    }
  }

  @Suite struct Dropout {
    @Test(arguments: availableISAs, [(1, 1), (3, 17), (2, 64), (5, 129)])
    func masksAsDocumented(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let rate: Float = 0.3
      let keys = (0..<rows).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 &+ 5 }
      let x = randomFloats(rows * width, seed: 15, in: 1...2)
      var y = unwritten(x.count)
      try withISA(isa) { bear_dropout_f32(rows, width, rate, keys, x, &y) }
      let expected = x.indices.map { place -> Float in
        let counter = UInt64(place % width + 1) &* 0x9E37_79B9_7F4A_7C15
        let word = finalised(finalised(keys[place / width]) &+ counter)
        return Float(word >> 40) / 16_777_216 >= rate ? x[place] * (1 / (1 - rate)) : 0
      }
      #expect(y == expected)
      var inPlace = x
      try withISA(isa) {
        inPlace.withUnsafeMutableBufferPointer {
          bear_dropout_f32(rows, width, rate, keys, $0.baseAddress, $0.baseAddress)
        }
      }
      #expect(inPlace == expected)
    }

    /// Keys a step of SplitMix64 apart, whose sequences would otherwise overlap.
    @Test(arguments: [Float(0), 0.05, 0.5, 0.9])
    func dropsTheRateIndependentlyInEachRow(rate: Float) {
      let (rows, width) = (40, 1000)
      let keys = (0..<rows).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
      var y = unwritten(rows * width)
      bear_dropout_f32(rows, width, rate, keys, [Float](repeating: 1, count: y.count), &y)
      let dropped = y.map { $0 == 0 ? 1.0 : 0.0 }
      let spread = (Double(rate) * Double(1 - rate) / Double(y.count)).squareRoot()
      #expect(abs(dropped.reduce(0, +) / Double(y.count) - Double(rate)) <= 5 * spread)
      // A row against the next one, shifted by one column: as rare together as by chance.
      let both = (0..<(rows - 1) * width - 1).filter {
        dropped[$0 + 1] == 1 && dropped[$0 + width] == 1
      }
      let expected = Double(rate) * Double(rate)
      #expect(abs(Double(both.count) / Double(rows * width) - expected) < 0.03)
      let kept = y.filter { $0 != 0 }
      #expect(kept.allSatisfy { $0 == 1 / (1 - rate) })
    }

    @Test func equalKeysGiveEqualMasks() {
      let x = [Float](repeating: 1, count: 3 * 50)
      var y = unwritten(x.count)
      bear_dropout_f32(3, 50, 0.5, [7, 8, 7], x, &y)
      #expect(y[0..<50] == y[100..<150])
      #expect(y[0..<50] != y[50..<100])
    }
  }
}

private func finalised(_ key: UInt64) -> UInt64 {
  var word = key
  word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
  word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
  return word ^ (word >> 31)
}

/// AdamW with the settings of the test, in double precision.
private struct AdamWReference {
  var parameter: [Double]
  var first: [Double]
  var second: [Double]
  var steps = 0.0

  init(_ parameter: [Double]) {
    self.parameter = parameter
    first = parameter.map { _ in 0 }
    second = first
  }

  mutating func step(_ gradient: [Double]) {
    steps += 1
    for (i, g) in gradient.enumerated() {
      parameter[i] -= 0.01 * 0.1 * parameter[i]
      first[i] = 0.9 * first[i] + 0.1 * g
      second[i] = 0.999 * second[i] + 0.001 * g * g
      let deviation = (second[i] / (1 - pow(0.999, steps))).squareRoot()
      parameter[i] -= 0.01 / (1 - pow(0.9, steps)) * first[i] / (deviation + 1e-8)
    }
  }
}
