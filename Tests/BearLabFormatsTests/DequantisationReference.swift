@testable import BearLabFormats

/// The weights of one block in Double, weight by weight, from the definition of each format.
enum DequantisationReference {
  static func weights(_ block: [UInt8], _ type: GGMLType) -> [Double] {
    (0..<type.blockSize).map { weight($0, of: block, type) }
  }

  private static func half(_ block: [UInt8], _ offset: Int) -> Double {
    Double(Float16(bitPattern: UInt16(block[offset]) | UInt16(block[offset + 1]) << 8))
  }

  /// Bit `index` of the bits that start at byte `offset`, as 0 or 1.
  private static func bit(_ block: [UInt8], _ offset: Int, _ index: Int) -> Int {
    Int(block[offset + index / 8] >> (index % 8)) & 1
  }

  /// Low halves of `span` bytes hold the first `span` weights, their high halves the next.
  private static func nibble(_ block: [UInt8], _ offset: Int, _ index: Int, span: Int) -> Int {
    let (group, place) = (index / (2 * span), index % (2 * span))
    let byte = Int(block[offset + group * span + place % span])
    return place < span ? byte % 16 : byte / 16
  }

  /// Six-bit scale and minimum of sub-block `sub` of the K types.
  private static func scales(_ block: [UInt8], _ sub: Int) -> (scale: Int, minimum: Int) {
    let packed = block[4..<16].map { Int($0) }
    guard sub >= 4 else { return (packed[sub] % 64, packed[sub + 4] % 64) }
    return (
      packed[sub + 4] % 16 + packed[sub - 4] / 64 * 16,
      packed[sub + 4] / 16 + packed[sub] / 64 * 16
    )
  }

  private static func weight(_ i: Int, of block: [UInt8], _ type: GGMLType) -> Double {
    switch type {
    case .f32:
      return Double(
        Float(bitPattern: block.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
    case .f16: return half(block, 0)
    case .bf16:
      return Double(Float(bitPattern: UInt32(block[0]) << 16 | UInt32(block[1]) << 24))
    case .q8Zero: return half(block, 0) * Double(Int8(bitPattern: block[2 + i]))
    case .q4Zero: return half(block, 0) * Double(nibble(block, 2, i, span: 16) - 8)
    case .q4One: return half(block, 0) * Double(nibble(block, 4, i, span: 16)) + half(block, 2)
    case .q5Zero:
      let q = nibble(block, 6, i, span: 16) + 16 * bit(block, 2, i)
      return half(block, 0) * Double(q - 16)
    case .q5One:
      let q = nibble(block, 8, i, span: 16) + 16 * bit(block, 4, i)
      return half(block, 0) * Double(q) + half(block, 2)
    case .q4K, .q5K:
      let (scale, minimum) = scales(block, i / 32)
      var q = nibble(block, type == .q4K ? 16 : 48, i, span: 32)
      if type == .q5K { q += 16 * (Int(block[16 + i % 32]) >> (i / 32) & 1) }
      return half(block, 0) * Double(scale * q) - half(block, 2) * Double(minimum)
    case .q6K:
      // Within 128 weights, 64 bytes of nibbles and 32 bytes of four bit pairs each.
      let (group, place) = (i / 128, i % 128)
      let upper = Int(block[128 + group * 32 + place % 32]) >> (place / 32 * 2) & 3
      let q = nibble(block, group * 64, place, span: 64) + 16 * upper - 32
      return half(block, 208) * Double(Int8(bitPattern: block[192 + i / 16])) * Double(q)
    }
  }
}
