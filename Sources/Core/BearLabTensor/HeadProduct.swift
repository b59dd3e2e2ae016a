internal import CBearKernels

/// The language-model head over `[n, D]` hidden states, at chosen columns or at all.
package enum HeadProduct {
  /// The logits of some tokens for each row: x[r] · W[columns[r][j]], `[total]`.
  package static func logits(
    of hidden: Tensor, columns: [ArraySlice<Int32>], weights: FixedMatrix
  ) -> Tensor {
    let width = hidden.shape[1]
    let offsets = RaggedRows.offsets(ofLengths: columns.map(\.count)).map(Int64.init)
    let flat = columns.flatMap { $0 }
    let output = Buffer(count: flat.count, zeroed: false)
    let table = weights.weights.pointer
    Compute.split(columns.count) { range in
      withPointers(offsets, flat) { starts, tokens in
        bear_gather_dot_f32(
          range.count, width, starts + range.lowerBound, tokens,
          hidden.buffer.pointer + range.lowerBound * width, table, output.pointer)
      }
    }
    return Tensor.result(output, shape: [flat.count], of: [hidden]) { result in
      guard let upper = result.gradientBuffer, let lower = hidden.gradientForAdding() else {
        return
      }
      Compute.split(columns.count) { range in
        withPointers(offsets, flat) { starts, tokens in
          bear_gather_dot_backward_f32(
            range.count, width, starts + range.lowerBound, tokens, upper.pointer,
            weights.weights.pointer, lower.pointer + range.lowerBound * width)
        }
      }
    }
  }

  /// The logits of the whole vocabulary, `[n, V]`.
  package static func logits(of hidden: Tensor, weights: FixedMatrix) -> Tensor {
    let rows = hidden.shape[0]
    let width = hidden.shape[1]
    let output = Matrix(rows: rows, columns: weights.outputs)
    weights.apply(Matrix(hidden.buffer, rows: rows, columns: width), into: output)
    return Tensor.result(output.buffer, shape: [rows, weights.outputs], of: [hidden]) { result in
      guard let upper = result.gradientBuffer, let lower = hidden.gradientForAdding() else {
        return
      }
      weights.applyTransposed(
        Matrix(upper, rows: rows, columns: weights.outputs),
        into: Matrix(lower, rows: rows, columns: width), accumulate: true)
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
  package func scattered(to places: [Int], count: Int) -> Tensor {
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
