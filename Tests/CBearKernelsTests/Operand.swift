import CBearKernels

/// Numbers as an operand stores them.
struct Operand: Sendable {
  let type: bear_element
  /// The numbers that are really stored.
  let values: [Float]
  private let halves: [UInt16]

  /// Cuts the numbers off where `type` is bf16.
  init(_ numbers: [Float], _ type: bear_element) {
    self.type = type
    halves = type == BEAR_BF16 ? numbers.map { UInt16($0.bitPattern >> 16) } : []
    values = type == BEAR_BF16 ? halves.map(widened) : numbers
  }

  /// Calls `body` with the address of an element.
  func withPointer<Result>(
    at place: Int, _ body: (UnsafeRawPointer?) throws -> Result
  ) rethrows -> Result {
    try type == BEAR_BF16
      ? halves.withUnsafeBytes { try body($0.baseAddress.map { $0 + 2 * place }) }
      : values.withUnsafeBytes { try body($0.baseAddress.map { $0 + 4 * place }) }
  }
}

func widened(_ half: UInt16) -> Float {
  Float(bitPattern: UInt32(half) << 16)
}

/// The nearest bfloat16, the even one of two that are as near, by comparing distances.
func roundedToHalf(_ number: Float) -> UInt16 {
  let lower = UInt16(number.bitPattern >> 16)
  guard number.isFinite else { return lower }
  // The next number away from 0; beyond the largest one, where it would be if there was one.
  let upper = lower + 1
  let upperValue = widened(upper).isFinite ? Double(widened(upper)) : sign(number) * 0x1p128
  let below = abs(Double(number) - Double(widened(lower)))
  let above = abs(upperValue - Double(number))
  return below < above || below == above && lower % 2 == 0 ? lower : upper
}

private func sign(_ number: Float) -> Double { number < 0 ? -1 : 1 }
