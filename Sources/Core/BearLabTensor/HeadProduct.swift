internal import CBearKernels

/// The language-model head over `[n, D]` hidden states, at chosen columns or at all.
package final class Head {
  /// `[vocabulary, D]`, for chosen columns.
  private let table: Matrix
  private let precision: Precision
  /// The same packed, once all columns were asked for.
  private lazy var packed = FixedMatrix(table, precision: precision)

  /// Takes the weights over, `[vocabulary, D]`; products of all columns are in `precision`.
  package init(_ table: Matrix, precision: Precision) {
    self.table = table
    self.precision = precision
  }

  /// The logits of some tokens for each row: x[r] · W[columns[r][j]], `[total]`.
  package func logits(of hidden: Tensor, columns: [ArraySlice<Int32>]) -> Tensor {
    let width = hidden.shape[1]
    let offsets = RaggedRows.offsets(ofLengths: columns.map(\.count)).map(Int64.init)
    let flat = columns.flatMap { $0 }
    let output = Buffer(count: flat.count, zeroed: false)
    let table = table.pointer
    Compute.split(columns.count) { range in
      Profile.measure(.head) {
        Self.withPointers(offsets, flat) { starts, tokens in
          bear_gather_dot_f32(
            range.count, width, starts + range.lowerBound, tokens,
            hidden.buffer.pointer + range.lowerBound * width, table, output.pointer)
        }
      }
    }
    return Tensor.result(output, shape: [flat.count], of: [hidden]) { result in
      guard let upper = result.gradientBuffer, let lower = hidden.gradientForAdding() else {
        return
      }
      Profile.backward {
        Compute.split(columns.count) { range in
          Profile.measure(.head) {
            Self.withPointers(offsets, flat) { starts, tokens in
              bear_gather_dot_backward_f32(
                range.count, width, starts + range.lowerBound, tokens, upper.pointer, table,
                lower.pointer + range.lowerBound * width)
            }
          }
        }
      }
    }
  }

  /// The logits of the whole vocabulary, `[n, V]`.
  package func vocabularyLogits(of hidden: Tensor) -> Tensor {
    let packed = packed
    let rows = hidden.shape[0]
    let output = Matrix(rows: rows, columns: packed.outputs)
    let input = Matrix(hidden.buffer, rows: rows, columns: packed.inputs)
    forEachTile(of: input) { packed.apply($0, into: output.rows($1)) }
    return Tensor.result(output.buffer, shape: [rows, packed.outputs], of: [hidden]) {
      [self] result in
      guard let upper = result.gradientBuffer, let lower = hidden.gradientForAdding() else {
        return
      }
      let dInput = Matrix(lower, rows: rows, columns: packed.inputs)
      packed.prepareTransposed()
      Profile.backward {
        forEachTile(of: Matrix(upper, rows: rows, columns: packed.outputs)) {
          packed.applyTransposed($0, into: dInput.rows($1), accumulate: true)
        }
      }
    }
  }

  /// Runs `body` on tiles of a matrix as operands.
  private func forEachTile(of x: Matrix, _ body: (Operand, Range<Int>) -> Void) {
    Compute.forEachTile(x.rows, height: MatrixEngine.current.tileRows(precision)) { tile, _ in
      Profile.measure(.head) {
        var operand = Operand(x.rows(tile))
        if precision != .f32 {
          operand = Operand(rows: tile.count, columns: x.columns, precision: precision)
          operand.store(x.rows(tile))
        }
        body(operand, tile)
      }
    }
  }

  private static func withPointers(
    _ offsets: [Int64], _ columns: [Int32],
    _ body: (UnsafePointer<Int64>, UnsafePointer<Int32>) -> Void
  ) {
    offsets.withUnsafeBufferPointer { offsets in
      columns.withUnsafeBufferPointer { columns in
        guard let starts = offsets.baseAddress, let tokens = columns.baseAddress else { return }
        body(starts, tokens)
      }
    }
  }
}

extension Tensor {
  /// The numbers of a one-dimensional tensor at some places of a longer one, 0 elsewhere.
  public func scattered(to places: [Int], count: Int) -> Tensor {
    precondition(shape == [places.count], "\(places.count) places for shape \(shape)")
    let output = Buffer(count: count)
    for (index, place) in places.enumerated() {
      output.pointer[place] = buffer.pointer[index]
    }
    return Self.result(output, shape: [count], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for (index, place) in places.enumerated() {
        lower.pointer[index] += upper.pointer[place]
      }
    }
  }
}
