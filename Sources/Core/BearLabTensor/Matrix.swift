internal import CBearKernels

/// A view of a buffer as a matrix whose rows are `stride` floats apart.
package struct Matrix {
  package let buffer: Buffer
  package let offset: Int
  package let rows: Int
  package let columns: Int
  package let stride: Int

  /// A whole buffer as `[rows, columns]`.
  package init(_ buffer: Buffer, rows: Int, columns: Int) {
    precondition(
      rows * columns <= buffer.count, "[\(rows), \(columns)] in \(buffer.count) floats")
    self.init(buffer: buffer, offset: 0, rows: rows, columns: columns, stride: columns)
  }

  /// A fresh matrix; its numbers are not set.
  package init(rows: Int, columns: Int, zeroed: Bool = false) {
    self.init(Buffer(count: rows * columns, zeroed: zeroed), rows: rows, columns: columns)
  }

  /// Any part of a buffer.
  init(_ buffer: Buffer, offset: Int, rows: Int, columns: Int, stride: Int) {
    self.init(buffer: buffer, offset: offset, rows: rows, columns: columns, stride: stride)
  }

  private init(buffer: Buffer, offset: Int, rows: Int, columns: Int, stride: Int) {
    self.buffer = buffer
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// Some of the columns.
  package func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.upperBound <= columns, "columns \(range) of \(columns)")
    return Matrix(
      buffer: buffer, offset: offset + range.lowerBound, rows: rows, columns: range.count,
      stride: stride)
  }

  /// Some of the rows.
  package func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.upperBound <= rows, "rows \(range) of \(rows)")
    return Matrix(
      buffer: buffer, offset: offset + range.lowerBound * stride, rows: range.count,
      columns: columns, stride: stride)
  }

  /// The first float.
  var pointer: UnsafeMutablePointer<Float> { buffer.pointer + offset }

  /// The first float of a row.
  func row(_ index: Int) -> UnsafeMutablePointer<Float> { pointer + index * stride }

  /// Copies the rows of a matrix of the same shape.
  package func copy(from other: Matrix) {
    precondition(
      rows == other.rows && columns == other.columns,
      "[\(other.rows), \(other.columns)] into [\(rows), \(columns)]")
    for index in 0..<rows { row(index).update(from: other.row(index), count: columns) }
  }

  /// Copies `source`'s row `indices[i]` into row i.
  package func gatherRows(_ indices: [Int], of source: Matrix) {
    for (place, index) in indices.enumerated() {
      row(place).update(from: source.row(index), count: columns)
    }
  }

  /// A copy of some rows.
  package func gathered(_ indices: [Int]) -> Matrix {
    let result = Matrix(rows: indices.count, columns: columns)
    result.gatherRows(indices, of: self)
    return result
  }

  /// Adds row i of `source` to row `indices[i]`.
  package func scatterAddRows(_ indices: [Int], of source: Matrix) {
    for (place, index) in indices.enumerated() {
      bear_axpy_f32(columns, 1, source.row(place), row(index))
    }
  }

  /// Sets every row to a vector.
  package func setRows(_ vector: Buffer) {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    for index in 0..<rows { row(index).update(from: vector.pointer, count: columns) }
  }

  /// Adds a vector to every row.
  package func addToRows(_ vector: Buffer) {
    precondition(vector.count == columns, "\(vector.count) numbers for rows of \(columns)")
    for index in 0..<rows { bear_axpy_f32(columns, 1, vector.pointer, row(index)) }
  }

  /// Adds a matrix of the same shape; both must be contiguous.
  package func add(_ other: Matrix) {
    precondition(
      rows == other.rows && columns == other.columns && isContiguous && other.isContiguous,
      "sum of [\(rows), \(columns)] and [\(other.rows), \(other.columns)]")
    bear_axpy_f32(rows * columns, 1, other.pointer, pointer)
  }

  /// Takes over a matrix with rows and columns exchanged.
  package func copy(transposing other: Matrix) {
    precondition(rows == other.columns && columns == other.rows)
    for row in 0..<rows {
      let target = self.row(row)
      for column in 0..<columns { target[column] = other.row(column)[row] }
    }
  }

  /// Adds a matrix with rows and columns exchanged.
  package func add(transposing other: Matrix) {
    precondition(rows == other.columns && columns == other.rows)
    for column in 0..<columns {
      let source = other.row(column)
      for row in 0..<rows { self.row(row)[column] += source[row] }
    }
  }

  /// The mean of each column, accumulated in double precision.
  package var columnMeans: [Float] {
    var sums = [Double](repeating: 0, count: columns)
    for index in 0..<rows {
      let row = row(index)
      for column in 0..<columns { sums[column] += Double(row[column]) }
    }
    return sums.map { Float($0 / Double(rows)) }
  }

  var isContiguous: Bool { stride == columns || rows <= 1 }
}
