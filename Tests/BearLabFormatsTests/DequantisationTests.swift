import BearLabTestSupport
import Testing

@testable import BearLabFormats

struct DequantisationTests {
  /// Random bits, except that scales are moderate, so that a relative bound means something.
  private func block(_ type: GGMLType, _ random: inout SeededGenerator) -> [UInt8] {
    var block = (0..<type.blockBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    func put(_ offset: Int) {
      let bits = Float16(Float.random(in: -2...2, using: &random)).bitPattern
      block[offset] = UInt8(bits & 0xFF)
      block[offset + 1] = UInt8(bits >> 8)
    }
    switch type {
    case .f32, .bf16:
      let bits = Float.random(in: -2...2, using: &random).bitPattern
      block = GGUFBuilder.little(bits).suffix(type.blockBytes)
    case .f16, .q8Zero, .q4Zero, .q5Zero: put(0)
    case .q4One, .q5One, .q4K, .q5K:
      put(0)
      put(2)
    case .q6K: put(208)
    }
    return block
  }

  @Test(arguments: GGMLType.allCases, [1, 2, 7])
  func matchesTheDoubleReference(type: GGMLType, rows: Int) throws {
    var random = SeededGenerator(UInt64(type.rawValue) + 100)
    let blocks = (0..<rows * 3).map { _ in block(type, &random) }
    let expected = blocks.flatMap { DequantisationReference.weights($0, type) }
    var builder = GGUFBuilder()
    builder.add("before", [1], type: 0, [0, 0, 128, 63])
    builder.add(
      "weights", [UInt64(3 * type.blockSize), UInt64(rows)], type: type.rawValue,
      blocks.flatMap(\.self))
    try withFile(builder.bytes) { path in
      let file = try GGUFFile(path: path)
      #expect(file.tensors["weights"]?.shape == [rows, 3 * type.blockSize])
      #expect(file.tensors["weights"]?.type == type)
      let floats = try file.floats(of: "weights")
      let largest = expected.map(abs).max() ?? 0
      // Each of at most three roundings is within 2^-24 of a magnitude below twice the largest.
      #expect(largestGap(floats, expected) <= largest * 4e-7)
      #expect(largest > 0.1)
      var filled = [Float](repeating: .nan, count: floats.count)
      try filled.withUnsafeMutableBufferPointer { try file.dequantise("weights", into: $0) }
      #expect(filled == floats)
    }
  }

  @Test func everyHalfWidensExactly() {
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let widened = widenHalf(bits)
      #expect(
        widened.isNaN == expected.isNaN
          && (expected.isNaN || widened.bitPattern == expected.bitPattern))
    }
  }

  /// Hugging Face to GGUF is `reshape(heads, 2, headWidth / 2, columns).swapaxes(1, 2)`.
  @Test(arguments: [(1, 2, 1), (3, 12, 5), (2, 16, 1), (9, 576, 4)])
  func unpermutingUndoesTheConverter(heads: Int, rows: Int, columns: Int) {
    let original = (0..<rows * columns).map(Float.init)
    let half = rows / heads / 2
    var converted: [Float] = []
    for head in 0..<heads {
      for index in 0..<half {
        for side in 0..<2 {
          let row = (head * 2 + side) * half + index
          converted += original[row * columns..<(row + 1) * columns]
        }
      }
    }
    let restored = LlamaWeights.unpermuteRotaryRows(
      converted, heads: heads, rows: rows, columns: columns)
    #expect(restored == original)
  }

  /// Worked by hand: one head of width 4, rows 0 1 2 3 stored as 0 2 1 3.
  @Test func unpermutesOneHead() {
    let restored = LlamaWeights.unpermuteRotaryRows([0, 2, 1, 3], heads: 1, rows: 4, columns: 1)
    #expect(restored == [0, 1, 2, 3])
  }
}
