internal import COpenBLAS

/// OpenBLAS's product of matrices in single precision, on the thread that calls.
enum BLAS {
  /// c = scale · a b, or a bᵀ where `transposed`; c += where `accumulate`.
  static func multiply(
    _ a: Matrix, _ b: Matrix, transposed: Bool, into c: Matrix, scale: Float = 1,
    accumulate: Bool = false
  ) {
    call(
      a, CblasNoTrans, b, transposed ? CblasTrans : CblasNoTrans, c, a.columns, scale, accumulate)
  }

  /// c = scale · aᵀ b, or c += where `accumulate`.
  static func multiply(
    transposed a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, accumulate: Bool = false
  ) {
    call(a, CblasTrans, b, CblasNoTrans, c, a.rows, scale, accumulate)
  }

  private static func call(
    _ a: Matrix, _ orderA: CBLAS_TRANSPOSE, _ b: Matrix, _ orderB: CBLAS_TRANSPOSE, _ c: Matrix,
    _ depth: Int, _ scale: Float, _ accumulate: Bool
  ) {
    guard c.rows > 0, c.columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, orderA, orderB, blasint(c.rows), blasint(c.columns), blasint(depth), scale,
      a.pointer, blasint(a.stride), b.pointer, blasint(b.stride), accumulate ? 1 : 0, c.pointer,
      blasint(c.stride))
  }
}
