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
            count, 0.01, 0.9, 0.999, 1e-8, 0.1, 0.25, 0.5, Int64(step), gradient, &parameter,
            &first, &second)
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
    for (i, slope) in gradient.enumerated() {
      let g = slope + 0.25 * parameter[i]
      parameter[i] -= 0.01 * 0.1 * parameter[i]
      first[i] = 0.9 * first[i] + 0.1 * g
      second[i] = 0.999 * second[i] + 0.001 * g * g
      let deviation = (second[i] / (1 - pow(0.999, steps))).squareRoot()
      parameter[i] -= 0.01 / (1 - pow(0.9, steps)) * first[i] / (deviation + 1e-8)
    }
  }
}
