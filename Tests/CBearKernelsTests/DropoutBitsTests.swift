import CBearKernels
import Testing

extension KernelTests {
  @Suite struct DropoutBits {
    @Test(arguments: availableISAs, [(1, 1), (3, 7), (2, 64), (3, 65), (5, 257)])
    func masksAsDocumented(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let keys = (0..<rows).map { UInt64($0) &* golden &+ 5 }
      let stride = (width + 7) / 8 + 2
      var bits = [UInt8](repeating: 0xA5, count: rows * stride)
      try withISA(isa) { bear_dropout_bits(rows, width, 0.3, keys, &bits, stride) }
      let threshold = UInt64((Double(Float(0.3)) * 65536).rounded())
      var expected = [UInt8](repeating: 0xA5, count: rows * stride)
      for r in 0..<rows {
        for byte in 0..<(width + 7) / 8 { expected[r * stride + byte] = 0 }
        for i in 0..<width {
          let word = finalised(finalised(keys[r]) &+ UInt64(i / 4 + 1) &* golden)
          let u = word >> UInt64(16 * (i % 4)) & 0xFFFF
          if u >= threshold { expected[r * stride + i / 8] |= 1 << UInt8(i % 8) }
        }
      }
      #expect(bits == expected)
    }

    /// Keys a step of SplitMix64 apart, whose sequences would otherwise overlap.
    @Test(arguments: [Float(0), 0.05, 0.5, 0.9, 0.99999])
    func dropsTheRateIndependentlyInEachRow(rate: Float) {
      let (rows, width) = (100, 2048)
      let stride = width / 8
      let keys = (0..<rows).map { UInt64($0) &* golden }
      var bits = [UInt8](repeating: 0, count: rows * stride)
      bear_dropout_bits(rows, width, rate, keys, &bits, stride)
      let count = Double(rows * width)
      let share = Double(bits.reduce(0) { $0 + $1.nonzeroBitCount }) / count
      // The scale is the inverse of the probability really used, which is near 1 - rate.
      let probability = 1 / Double(bear_dropout_scale(rate))
      #expect(abs(probability - (1 - Double(rate))) <= 1.0 / 65536)
      let spread = (probability * (1 - probability) / count).squareRoot()
      #expect(abs(share - probability) <= 5 * spread + 1e-7)
      // A row against the next one, shifted by one word: together as often as by chance.
      func kept(_ r: Int, _ i: Int) -> Bool { bits[r * stride + i / 8] >> UInt8(i % 8) & 1 == 1 }
      let both = (0..<rows - 1).reduce(0) { sum, r in
        sum + (4..<width).count { kept(r, $0) && kept(r + 1, $0 - 4) }
      }
      let pairs = Double((rows - 1) * (width - 4))
      #expect(abs(Double(both) / pairs - probability * probability) < 0.01)
    }

    @Test func nothingIsDroppedAtRateZero() {
      #expect(bear_dropout_scale(0) == 1)
      var bits: [UInt8] = [0, 0]
      bear_dropout_bits(1, 13, 0, [9], &bits, 2)
      #expect(bits == [0xFF, 0x1F])
    }

    @Test func equalKeysGiveEqualMasks() {
      var bits = [UInt8](repeating: 0, count: 3 * 10)
      bear_dropout_bits(3, 80, 0.5, [7, 8, 7], &bits, 10)
      #expect(bits[0..<10] == bits[20..<30])
      #expect(bits[0..<10] != bits[10..<20])
    }
  }
}

private let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

private func finalised(_ key: UInt64) -> UInt64 {
  var word = key
  word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
  word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
  return word ^ (word >> 31)
}
