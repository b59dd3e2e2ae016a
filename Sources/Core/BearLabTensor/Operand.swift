internal import CBearKernels

/// A view of a buffer as a matrix of numbers that are operands of products, in either precision.
package struct Operand {
  package let buffer: Buffer
  package let precision: Precision
  /// The first number, counted from the buffer's start in numbers of this precision.
  package let offset: Int
  package let rows: Int
  package let columns: Int
  /// Numbers between rows.
  package let stride: Int

  private init(
    buffer: Buffer, precision: Precision, offset: Int, rows: Int, columns: Int, stride: Int
  ) {
    self.buffer = buffer
    self.precision = precision
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// A fresh matrix; its numbers are not set.
  package init(rows: Int, columns: Int, precision: Precision) {
    let floats = (rows * columns * precision.bytes + 3) / 4
    self.init(
      buffer: Buffer(count: floats, zeroed: false), precision: precision, offset: 0, rows: rows,
      columns: columns, stride: columns)
  }

  /// A matrix in single precision.
  package init(_ matrix: Matrix) {
    self.init(
      buffer: matrix.buffer, precision: .f32, offset: matrix.offset, rows: matrix.rows,
      columns: matrix.columns, stride: matrix.stride)
  }

  /// Some of the columns.
  package func columns(_ range: Range<Int>) -> Operand {
    precondition(range.upperBound <= columns, "columns \(range) of \(columns)")
    return Operand(
      buffer: buffer, precision: precision, offset: offset + range.lowerBound, rows: rows,
      columns: range.count, stride: stride)
  }

  /// Some of the rows.
  package func rows(_ range: Range<Int>) -> Operand {
    precondition(range.upperBound <= rows, "rows \(range) of \(rows)")
    return Operand(
      buffer: buffer, precision: precision, offset: offset + range.lowerBound * stride,
      rows: range.count, columns: columns, stride: stride)
  }

  /// The same numbers as a matrix, in single precision only.
  package var matrix: Matrix {
    precondition(precision == .f32, "a matrix of \(precision) as single precision")
    return Matrix(buffer, offset: offset, rows: rows, columns: columns, stride: stride)
  }

  var isContiguous: Bool { stride == columns || rows <= 1 }

  /// The first number.
  var pointer: UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(buffer.pointer) + offset * precision.bytes
  }

  /// The first number, in bf16 only.
  var halves: UnsafeMutablePointer<UInt16> {
    precondition(precision == .bf16, "a matrix of \(precision) as bf16")
    return pointer.assumingMemoryBound(to: UInt16.self)
  }

  /// The type for kernels.
  var type: bear_element { precision == .f32 ? BEAR_F32 : BEAR_BF16 }

  /// Takes over the numbers of a matrix of the same shape, rounded to this precision.
  package func store(_ source: Matrix) {
    precondition(
      rows == source.rows && columns == source.columns,
      "[\(source.rows), \(source.columns)] into [\(rows), \(columns)]")
    switch precision {
    case .f32: matrix.copy(from: source)
    case .bf16:
      bear_round_rows(rows, columns, source.pointer, source.stride, halves, stride)
    }
  }

  /// A copy of some rows.
  package func gathered(_ indices: [Int]) -> Operand {
    let result = Operand(rows: indices.count, columns: columns, precision: precision)
    for (place, index) in indices.enumerated() {
      result.rows(place..<place + 1).copy(from: rows(index..<index + 1))
    }
    return result
  }

  /// Copies a matrix of the same shape and precision.
  package func copy(from other: Operand) {
    precondition(
      rows == other.rows && columns == other.columns && precision == other.precision,
      "[\(other.rows), \(other.columns)] into [\(rows), \(columns)]")
    for row in 0..<rows {
      (pointer + row * stride * precision.bytes).copyMemory(
        from: other.pointer + row * other.stride * precision.bytes,
        byteCount: columns * precision.bytes)
    }
  }
}
