/// How weights are stored in a file that is written.
public enum FloatType: String, Sendable, CaseIterable {
  case f32, f16, bf16

  /// As safetensors files name it.
  public var safetensorsName: String { rawValue.uppercased() }

  /// As GGUF files number it.
  public var ggmlType: GGMLType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }

  /// Of one number.
  public var byteCount: Int { self == .f32 ? 4 : 2 }

  /// The little-endian bytes of numbers, rounded to the nearest, of two to the even one.
  ///
  /// Needs: all of them finite in this type; see ``isFinite(_:)``.
  func bytes(of numbers: ArraySlice<Float>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.count * byteCount)
    for number in numbers {
      switch self {
      case .f32:
        let bits = number.bitPattern
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
      case .f16, .bf16:
        let bits = self == .f16 ? Self.half(number) : Self.brain(number)
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
      }
    }
    return bytes
  }

  /// Whether a number is finite, and stays so when it is rounded.
  func isFinite(_ number: Float) -> Bool {
    switch self {
    case .f32: number.isFinite
    // From half a step above the largest number on, rounding gives infinity.
    case .f16: number.magnitude < 65_520
    case .bf16: number.isFinite && Self.brain(number) & 0x7FFF < 0x7F80
    }
  }

  /// The upper half of a 32-bit float.
  private static func brain(_ number: Float) -> UInt16 {
    let bits = number.bitPattern
    return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }

  /// Half precision: 5 bits of exponent, 10 of the fraction.
  private static func half(_ number: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: number.bitPattern >> 16) & 0x8000
    let magnitude = number.magnitude
    // Below the smallest normal number the steps are all 2⁻²⁴.
    if magnitude < 0x1p-14 {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let bits = magnitude.bitPattern
    let rounded = bits + 0xFFF + (bits >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) - (112 << 10))
  }
}
