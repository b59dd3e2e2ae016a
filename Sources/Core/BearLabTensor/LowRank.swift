internal import CBearKernels

/// Which inputs are kept by dropout: a bit for each number of a matrix.
package struct DropoutBits {
  private let buffer: Buffer
  /// Of the first row, in bytes.
  private let offset: Int
  /// Bytes between rows.
  private let stride: Int

  /// Memory for `[rows, columns]` bits, not set.
  package init(rows: Int, columns: Int) {
    stride = (columns + 63) / 64 * 8
    offset = 0
    buffer = Buffer(count: (rows * stride + 3) / 4, zeroed: false)
  }

  private init(_ buffer: Buffer, offset: Int, stride: Int) {
    (self.buffer, self.offset, self.stride) = (buffer, offset, stride)
  }

  /// The rows from one on.
  package func rows(from row: Int) -> DropoutBits {
    DropoutBits(buffer, offset: offset + row * stride, stride: stride)
  }

  /// The columns from one on, which is a multiple of 8.
  package func columns(from column: Int) -> DropoutBits {
    precondition(column % 8 == 0, "bits from column \(column)")
    return DropoutBits(buffer, offset: offset + column / 8, stride: stride)
  }

  /// Draws the first rows' bits, each row's from its key alone.
  package func draw(columns: Int, rate: Float, keys: [UInt64]) {
    bear_dropout_bits(keys.count, columns, rate, keys, pointer, stride)
  }

  /// What kept numbers are multiplied by.
  package static func scale(rate: Float) -> Float { bear_dropout_scale(rate) }

  fileprivate var pointer: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: UInt8.self) + offset
  }

  fileprivate static func parts(_ bits: DropoutBits?) -> (UnsafeMutablePointer<UInt8>?, Int) {
    bits.map { ($0.pointer, $0.stride) } ?? (nil, 0)
  }
}

/// The products with a matrix of few rows that LoRA is made of, for one tile, on one thread.
///
/// `m` are the kept inputs of a dropout, 1 where there is none.
package enum LowRank {
  /// low[r,j] = scale · Σ_i m[r,i] x[r,i] w[j,i].
  package static func dots(
    _ x: Operand, keeping bits: DropoutBits? = nil, with w: Matrix, scale: Float, into low: Matrix
  ) {
    precondition(x.columns == w.columns && low.columns == w.rows && low.rows == x.rows)
    let (pointer, stride) = DropoutBits.parts(bits)
    bear_low_rank_dots(
      x.type, x.rows, x.columns, w.rows, x.pointer, x.stride, pointer, stride, w.pointer, w.stride,
      scale, low.pointer, low.stride)
  }

  /// y[r,i] += scale · m[r,i] Σ_j low[r,j] w[j,i].
  package static func expand(
    _ low: Matrix, with w: Matrix, keeping bits: DropoutBits? = nil, scale: Float, into y: Matrix
  ) {
    precondition(y.columns == w.columns && low.columns == w.rows && low.rows == y.rows)
    let (pointer, stride) = DropoutBits.parts(bits)
    bear_low_rank_expand(
      y.rows, y.columns, w.rows, low.pointer, low.stride, w.pointer, w.stride, pointer, stride,
      scale, y.pointer, y.stride)
  }

  /// g[j,i] += scale · Σ_r low[r,j] m[r,i] x[r,i].
  package static func outer(
    _ low: Matrix, _ x: Operand, keeping bits: DropoutBits? = nil, scale: Float, into g: Matrix
  ) {
    precondition(x.columns == g.columns && low.columns == g.rows && low.rows == x.rows)
    let (pointer, stride) = DropoutBits.parts(bits)
    bear_low_rank_outer(
      x.type, x.rows, x.columns, g.rows, low.pointer, low.stride, x.pointer, x.stride, pointer,
      stride, scale, g.pointer, g.stride)
  }
}
