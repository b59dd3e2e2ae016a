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
      BLAS.multiply(
        a.rows(rows), b.rows(columns), transposed: true, into: c.rows(rows).columns(columns),
        scale: scale, accumulate: accumulate)
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
      BLAS.multiply(
        a.rows(rows), b.columns(columns), transposed: false, into: c.rows(rows).columns(columns),
        scale: scale, accumulate: accumulate)
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
      BLAS.multiply(
        transposed: a.columns(rows), b.columns(columns), into: c.rows(rows).columns(columns),
        scale: scale, accumulate: accumulate)
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
}
