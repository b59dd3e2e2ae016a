/// The type of frozen weights and of the operands of matrix products.
///
/// The residual stream, LoRA, the optimiser's state, soft-max and losses are single precision in
/// either case.
public enum Precision: String, Sendable, CaseIterable {
  case f32
  case bf16

  /// What the instruction set in use has arithmetic for, the best last.
  public static var available: [Precision] {
    Compute.instructionSet == "avx512_bf16" ? [.f32, .bf16] : [.f32]
  }

  /// Bytes of one number.
  package var bytes: Int {
    switch self {
    case .f32: 4
    case .bf16: 2
    }
  }
}
