/// Widens the blocks of a tensor to 32-bit floats.
///
///     Q8_0         w = d q                  Q4_0, Q5_0   w = d (q − 8), d (q − 16)
///     Q4_1, Q5_1   w = d q + m              K types      scales of sub-blocks, see below
///
/// Needs: `bytes` a whole number of blocks, room in `floats` for all weights.
///
/// - Source: the block layouts of ggml-org/ggml, `src/ggml-common.h`.
func widen(
  _ bytes: UnsafeRawBufferPointer, as type: GGMLType, into floats: UnsafeMutableBufferPointer<Float>
) {
  let blocks = bytes.count / type.blockBytes
  precondition(floats.count >= blocks * type.blockSize, "no room for \(blocks) \(type) blocks")
  guard let from = bytes.baseAddress, let to = floats.baseAddress else { return }
  switch type {
  case .f32: UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: bytes.count)
  case .f16: for i in 0..<blocks { to[i] = Block(from + 2 * i).half(0) }
  case .bf16:
    for i in 0..<blocks { to[i] = Float(bitPattern: UInt32(Block(from + 2 * i).word(0)) << 16) }
  case .q8Zero: Block.forEach(blocks, type, from, to) { $0.q8Zero($1) }
  case .q4Zero: Block.forEach(blocks, type, from, to) { $0.q4Zero($1) }
  case .q4One: Block.forEach(blocks, type, from, to) { $0.q4One($1) }
  case .q5Zero: Block.forEach(blocks, type, from, to) { $0.q5Zero($1) }
  case .q5One: Block.forEach(blocks, type, from, to) { $0.q5One($1) }
  case .q4K: Block.forEach(blocks, type, from, to) { $0.q4K($1) }
  case .q5K: Block.forEach(blocks, type, from, to) { $0.q5K($1) }
  case .q6K: Block.forEach(blocks, type, from, to) { $0.q6K($1) }
  }
}

/// The first NaN or infinity.
///
/// Integers are compared, since a maximum of integers is one vector instruction.
func firstNotFinite(_ floats: UnsafeBufferPointer<Float>) -> Int? {
  var largest: UInt32 = 0
  for value in floats { largest = max(largest, value.bitPattern & 0x7FFF_FFFF) }
  return largest < Float.infinity.bitPattern ? nil : floats.firstIndex { !$0.isFinite }
}

/// One block of a quantised tensor; the memory belongs to the caller.
private struct Block {
  private let start: UnsafeRawPointer

  @inline(__always)
  init(_ start: UnsafeRawPointer) { self.start = start }

  @inline(__always)
  static func forEach(
    _ count: Int, _ type: GGMLType, _ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>,
    _ body: (Block, UnsafeMutablePointer<Float>) -> Void
  ) {
    let (bytes, size) = (type.blockBytes, type.blockSize)
    for i in 0..<count { body(Block(from + i &* bytes), to + i &* size) }
  }

  @inline(__always)
  private func byte(_ offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }

  @inline(__always)
  private func bytes(_ offset: Int) -> SIMD16<UInt8> {
    start.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
  }

  @inline(__always)
  func word(_ offset: Int) -> UInt16 {
    start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }

  @inline(__always)
  func half(_ offset: Int) -> Float { widenHalf(word(offset)) }

  /// `[32]` signed bytes after the scale d.
  @inline(__always)
  func q8Zero(_ to: UnsafeMutablePointer<Float>) {
    let d = half(0)
    for j in 0..<32 { to[j] = d * Float(Int8(bitPattern: byte(2 &+ j))) }
  }

  /// d, then 16 bytes: weight j in the low half of byte j, weight j + 16 in its high half.
  @inline(__always)
  func q4Zero(_ to: UnsafeMutablePointer<Float>) {
    let d = half(0)
    let q = bytes(2)
    store(d * (floats(q & 0xF) - 8), to)
    store(d * (floats(q &>> 4) - 8), to + 16)
  }

  /// d and m, then as Q4_0.
  @inline(__always)
  func q4One(_ to: UnsafeMutablePointer<Float>) {
    let (d, m) = (half(0), half(2))
    let q = bytes(4)
    store(d * floats(q & 0xF) + m, to)
    store(d * floats(q &>> 4) + m, to + 16)
  }

  /// d, then the fifth bits of weights 0…31 in 32 bits, then the others as in Q4_0.
  @inline(__always)
  func q5Zero(_ to: UnsafeMutablePointer<Float>) {
    let d = half(0)
    let (low, high) = fiveBits(highBits: 2, nibbles: 6)
    store(d * (floats(low) - 16), to)
    store(d * (floats(high) - 16), to + 16)
  }

  /// d and m, then as Q5_0.
  @inline(__always)
  func q5One(_ to: UnsafeMutablePointer<Float>) {
    let (d, m) = (half(0), half(2))
    let (low, high) = fiveBits(highBits: 4, nibbles: 8)
    store(d * floats(low) + m, to)
    store(d * floats(high) + m, to + 16)
  }

  @inline(__always)
  private func fiveBits(
    highBits: Int, nibbles: Int
  ) -> (low: SIMD16<UInt8>, high: SIMD16<UInt8>) {
    let q = bytes(nibbles)
    return (
      (q & 0xF) | spread(word(highBits)), (q &>> 4) | spread(word(highBits + 2))
    )
  }

  /// Bit i of `bits` as bit 4 of byte i.
  @inline(__always)
  private func spread(_ bits: UInt16) -> SIMD16<UInt8> {
    let select = SIMD8<UInt8>(1, 2, 4, 8, 16, 32, 64, 128)
    let low = SIMD8<UInt8>(repeating: UInt8(truncatingIfNeeded: bits))
    let high = SIMD8<UInt8>(repeating: UInt8(truncatingIfNeeded: bits &>> 8))
    let set = SIMD16<UInt8>(lowHalf: low & select, highHalf: high & select)
    // Clamped to 1 rather than compared: masks of lanes are slow in Swift.
    return pointwiseMin(set, SIMD16(repeating: 1)) &<< 4
  }

  /// d, dmin, 12 bytes of packed scales, 128 bytes of nibbles: eight sub-blocks of 32 weights.
  ///
  ///     w = d s[sub] q − dmin m[sub]
  @inline(__always)
  func q4K(_ to: UnsafeMutablePointer<Float>) {
    for pair in 0..<4 {
      let (first, second) = (scale(2 &* pair), scale(2 &* pair &+ 1))
      for part in 0..<2 {
        let q = bytes(16 &+ 32 &* pair &+ 16 &* part)
        let target = to + (64 &* pair &+ 16 &* part)
        store(first.step * floats(q & 0xF) - first.minimum, target)
        store(second.step * floats(q &>> 4) - second.minimum, target + 32)
      }
    }
  }

  /// As Q4_K, with 32 bytes of fifth bits before the nibbles: bit `sub` of byte j for weight j.
  @inline(__always)
  func q5K(_ to: UnsafeMutablePointer<Float>) {
    for pair in 0..<4 {
      let (first, second) = (scale(2 &* pair), scale(2 &* pair &+ 1))
      let bit = UInt8(2 &* pair)
      for part in 0..<2 {
        let q = bytes(48 &+ 32 &* pair &+ 16 &* part)
        let fifth = bytes(16 &+ 16 &* part) &>> bit
        let target = to + (64 &* pair &+ 16 &* part)
        let low = (q & 0xF) | ((fifth & 1) &<< 4)
        let high = (q &>> 4) | ((fifth & 2) &<< 3)
        store(first.step * floats(low) - first.minimum, target)
        store(second.step * floats(high) - second.minimum, target + 32)
      }
    }
  }

  /// The scale and minimum of sub-block `sub`: six bits each, those of the last four in two parts.
  @inline(__always)
  private func scale(_ sub: Int) -> (step: Float, minimum: Float) {
    let packed = 4
    let (s, m): (UInt8, UInt8)
    if sub < 4 {
      (s, m) = (byte(packed &+ sub) & 63, byte(packed &+ sub &+ 4) & 63)
    } else {
      let low = byte(packed &+ sub &+ 4)
      s = (low & 0xF) | ((byte(packed &+ sub &- 4) &>> 6) &<< 4)
      m = (low &>> 4) | ((byte(packed &+ sub) &>> 6) &<< 4)
    }
    return (half(0) * Float(s), half(2) * Float(m))
  }

  /// 128 bytes of nibbles, 64 of upper bit pairs, 16 signed scales of 16 weights each, d.
  ///
  ///     w = d s[i / 16] (q − 32)
  @inline(__always)
  func q6K(_ to: UnsafeMutablePointer<Float>) {
    let d = half(208)
    for part in 0..<4 {  // 16 weights of each quarter of a half
      let (group, side) = (part &>> 1, part & 1)
      for quarter in 0..<4 {
        let nibbles = bytes(64 &* group &+ 32 &* (quarter & 1) &+ 16 &* side)
        let low = quarter < 2 ? nibbles & 0xF : nibbles &>> 4
        let upper = (bytes(128 &+ 32 &* group &+ 16 &* side) &>> UInt8(2 &* quarter)) & 3
        let scale = Int8(bitPattern: byte(192 &+ 8 &* group &+ 2 &* quarter &+ side))
        let q = floats(low | (upper &<< 4)) - 32
        store(d * Float(scale) * q, to + (128 &* group &+ 32 &* quarter &+ 16 &* side))
      }
    }
  }

  @inline(__always)
  private func floats(_ bytes: SIMD16<UInt8>) -> SIMD16<Float> { SIMD16<Float>(bytes) }

  @inline(__always)
  private func store(_ values: SIMD16<Float>, _ to: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(to).storeBytes(of: values, as: SIMD16<Float>.self)
  }
}

/// Widens a half-precision number without the library call that `Float16` costs on x86-64.
@inline(__always)
func widenHalf(_ bits: UInt16) -> Float {
  // The exponent's bias differs by 127 − 15; subnormals come out right as the product is exact.
  let magnitude = Float(bitPattern: UInt32(bits & 0x7FFF) &<< 13) * 0x1p112
  let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
  return Float(
    bitPattern: magnitude.bitPattern | special | (UInt32(bits & 0x8000) &<< 16))
}
