internal import COpenBLAS

/// OpenBLAS's product of matrices in single precision, on the thread that calls.
enum BLAS {
  /// c = a b, or a bᵀ where `transposed`; c += where `accumulate`.
  static func multiply(
    _ a: Matrix, _ b: Matrix, transposed: Bool, into c: Matrix, accumulate: Bool
  ) {
    guard c.rows > 0, c.columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, blasint(c.rows),
      blasint(c.columns), blasint(a.columns), 1, a.pointer, blasint(a.stride), b.pointer,
      blasint(b.stride), accumulate ? 1 : 0, c.pointer, blasint(c.stride))
  }

  /// c = aᵀ b.
  static func multiply(transposing a: Matrix, _ b: Matrix, into c: Matrix) {
    guard c.rows > 0, c.columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, blasint(c.rows), blasint(c.columns),
      blasint(a.rows), 1, a.pointer, blasint(a.stride), b.pointer, blasint(b.stride), 0, c.pointer,
      blasint(c.stride))
  }
}
