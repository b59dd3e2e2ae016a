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
