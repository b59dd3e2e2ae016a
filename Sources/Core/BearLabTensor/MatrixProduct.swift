internal import COpenBLAS

/// Products of matrices, each split over the threads in blocks that depend on nothing but the
/// sizes and the number of threads.
package enum MatrixProduct {
  /// c = scale · a bᵀ, or c += where `accumulate`: `[m, k]`, `[n, k]` to `[m, n]`.
  package static func timesTransposed(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, accumulate: Bool = false
  ) {
    precondition(
      a.columns == b.columns && c.rows == a.rows && c.columns == b.rows,
      "[\(a.rows), \(a.columns)] · [\(b.rows), \(b.columns)]ᵀ into [\(c.rows), \(c.columns)]")
    splitOutput(c) { rows, columns in
      multiply(
        a.rows(rows), transposed: false, b.rows(columns), transposed: true,
        into: c.rows(rows).columns(columns), depth: a.columns, scale, accumulate)
    }
  }

  /// c = scale · a b, or c += where `accumulate`: `[m, k]`, `[k, n]` to `[m, n]`.
  package static func times(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, accumulate: Bool = false
  ) {
    precondition(
      a.columns == b.rows && c.rows == a.rows && c.columns == b.columns,
      "[\(a.rows), \(a.columns)] · [\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
    splitOutput(c) { rows, columns in
      multiply(
        a.rows(rows), transposed: false, b.columns(columns), transposed: false,
        into: c.rows(rows).columns(columns), depth: a.columns, scale, accumulate)
    }
  }

  /// c = scale · aᵀ b, or c += where `accumulate`: `[k, m]`, `[k, n]` to `[m, n]`.
  package static func transposedTimes(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, accumulate: Bool = false
  ) {
    precondition(
      a.rows == b.rows && c.rows == a.columns && c.columns == b.columns,
      "[\(a.rows), \(a.columns)]ᵀ · [\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
    splitOutput(c) { rows, columns in
      multiply(
        a.columns(rows), transposed: true, b.columns(columns), transposed: false,
        into: c.rows(rows).columns(columns), depth: a.rows, scale, accumulate)
    }
  }

  /// Splits the longer side of the result, in whole vectors of columns.
  private static func splitOutput(_ c: Matrix, _ body: (Range<Int>, Range<Int>) -> Void) {
    if c.rows >= c.columns || c.rows >= 128 {
      Compute.split(c.rows, minimum: 8) { body($0, 0..<c.columns) }
    } else {
      let vectors = (c.columns + 15) / 16
      Compute.split(vectors) { range in
        body(0..<c.rows, range.lowerBound * 16..<min(range.upperBound * 16, c.columns))
      }
    }
  }

  private static func multiply(
    _ a: Matrix, transposed transposeA: Bool, _ b: Matrix, transposed transposeB: Bool,
    into c: Matrix, depth: Int, _ scale: Float, _ accumulate: Bool
  ) {
    guard c.rows > 0, c.columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, blasint(c.rows), blasint(c.columns), blasint(depth),
      scale, a.pointer, blasint(a.stride), b.pointer, blasint(b.stride), accumulate ? 1 : 0,
      c.pointer, blasint(c.stride))
  }
}

/// Frozen weights of a linear layer, `[out, in]`: the seam behind which an engine may keep them
/// packed.
package final class FixedMatrix {
  package let weights: Matrix

  /// Takes the weights over.
  package init(_ weights: Matrix) { self.weights = weights }

  /// The number of outputs.
  package var outputs: Int { weights.rows }

  /// y = x Wᵀ, or y += where `accumulate`: `[n, in]` to `[n, out]`.
  package func apply(_ x: Matrix, into y: Matrix, accumulate: Bool = false) {
    MatrixProduct.timesTransposed(x, weights, into: y, accumulate: accumulate)
  }

  /// dx = dy W, or dx += where `accumulate`: `[n, out]` to `[n, in]`.
  package func applyTransposed(_ dy: Matrix, into dx: Matrix, accumulate: Bool = false) {
    MatrixProduct.times(dy, weights, into: dx, accumulate: accumulate)
  }
}
