/// The number format of frozen weights and of the operands of matrix products.
///
/// The residual stream, LoRA's weights, the optimiser's state, soft-max and losses are single
/// precision in either.
public enum Precision: String, Sendable, CaseIterable {
  case f32
  /// 8 bits of exponent, 7 of mantissa; products are summed in single precision.
  case bf16

  /// The precisions of the instruction set in use, the fastest last.
  public static var available: [Precision] {
    Compute.instructionSet == "avx512_bf16" ? [.f32, .bf16] : [.f32]
  }

  /// The fastest precision of the instruction set in use.
  public static var best: Precision { available.last ?? .f32 }

  /// Checks that there are products in this precision.
  ///
  /// - Parameter available: those that there are.
  /// - Throws: ``ComputeError/precision(_:instructionSet:available:)``.
  public func require(among available: [Precision] = Precision.available) throws(ComputeError) {
    guard !available.contains(self) else { return }
    throw .precision(self, instructionSet: Compute.instructionSet, available: available)
  }

  /// Bytes of one number.
  public var bytes: Int {
    switch self {
    case .f32: 4
    case .bf16: 2
    }
  }
}
