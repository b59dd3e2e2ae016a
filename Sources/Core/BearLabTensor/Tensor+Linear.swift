internal import CBearKernels

extension Tensor {
  /// A linear layer over rows.
  ///
  ///     y[r,j] = Σ_i x[r,i] weight[j,i] + bias[j]
  ///
  /// The gradient of the weight is summed over blocks of rows in a fixed order, so that it has the
  /// same bits for the same number of threads.
  ///
  /// - Parameters:
  ///   - weight: `[out, in]`; an embedding table scores all its rows.
  ///   - bias: `[out]`, or nil for none.
  /// - Returns: `[n, out]`, of an x `[n, in]`.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    precondition(
      shape.count == 2 && weight.shape.count == 2 && shape[1] == weight.shape[1]
        && bias?.shape ?? [weight.shape[0]] == [weight.shape[0]],
      "linear of \(shape) with weight \(weight.shape) and bias \(bias?.shape ?? [])")
    let rows = shape[0]
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let output = Matrix(rows: rows, columns: outputs)
    let x = Matrix(buffer, rows: rows, columns: inputs)
    let w = Matrix(weight.buffer, rows: outputs, columns: inputs)
    Self.splitRows(rows) { part, _ in
      let y = output.rows(part)
      if let bias {
        for row in 0..<part.count { y.row(row).update(from: bias.buffer.pointer, count: outputs) }
      }
      BLAS.multiply(x.rows(part), w, transposed: true, into: y, accumulate: bias != nil)
    }
    let parents = [self, weight] + (bias.map { [$0] } ?? [])
    return Self.result(output.buffer, shape: [rows, outputs], of: parents) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      let dy = Matrix(upper, rows: rows, columns: outputs)
      if let lower = gradientForAdding() {
        let dx = Matrix(lower, rows: rows, columns: inputs)
        Self.splitRows(rows) { part, _ in
          BLAS.multiply(
            dy.rows(part), w, transposed: false, into: dx.rows(part), accumulate: true)
        }
      }
      if weight.requiresGradient {
        weight.addOrderedSum(ofRows: rows) { part, sum in
          BLAS.multiply(
            transposing: dy.rows(part), x.rows(part),
            into: Matrix(sum, rows: outputs, columns: inputs))
        }
      }
      bias?.addColumnSums(of: dy)
    }
  }

  /// Splits rows over the threads, at least some in each; `body` is also given its thread.
  static func splitRows(
    _ rows: Int, minimum: Int = 16, _ body: (_ rows: Range<Int>, _ thread: Int) -> Void
  ) {
    let blocks = max(1, min(Compute.threads, rows / minimum))
    Compute.run(blocks) { index in
      body(rows * index / blocks..<rows * (index + 1) / blocks, index)
    }
  }

  /// Adds to the gradient what blocks of rows contribute, in the order of the blocks.
  ///
  /// - Parameters:
  ///   - rows: how many there are.
  ///   - body: writes a block's contribution, of the shape of this tensor; called on several threads.
  func addOrderedSum(ofRows rows: Int, _ body: (_ rows: Range<Int>, _ sum: Buffer) -> Void) {
    guard requiresGradient, rows > 0 else { return }
    let parts = max(1, min(Compute.threads, rows / 16))
    let sums = (0..<parts).map { _ in Buffer(count: count) }
    Self.splitRows(rows) { part, thread in body(part, sums[thread]) }
    for sum in sums { addGradient(sum) }
  }

  /// Adds the sums over rows to the gradient.
  func addColumnSums(of rows: Matrix) {
    addOrderedSum(ofRows: rows.rows) { part, sum in
      for row in part { bear_axpy_f32(rows.columns, 1, rows.row(row), sum.pointer) }
    }
  }

  /// The rows plus one row that is repeated.
  ///
  /// - Parameter row: `[width]`.
  /// - Returns: `[n, width]`.
  public func adding(row: Tensor) -> Tensor {
    precondition(
      shape.count == 2 && row.shape == [shape[1]], "row \(row.shape) added to \(shape)")
    let (rows, width) = (shape[0], shape[1])
    let output = Buffer(count: count, zeroed: false)
    for index in 0..<rows {
      let (x, y) = (buffer.pointer + index * width, output.pointer + index * width)
      for column in 0..<width { y[column] = x[column] + row.buffer.pointer[column] }
    }
    return Self.result(output, shape: shape, of: [self, row]) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      if let lower = gradientForAdding() { Kernels.add(upper, scale: 1, to: lower) }
      row.addColumnSums(of: Matrix(upper, rows: rows, columns: width))
    }
  }

  /// The product of each row with the same row of another matrix.
  ///
  ///     y[r] = Σ_i x[r,i] other[r,i]
  ///
  /// - Parameter other: `[n, width]`.
  /// - Returns: `[n]`.
  public func rowDots(_ other: Tensor) -> Tensor {
    precondition(
      shape.count == 2 && shape == other.shape, "rowDots of \(shape) and \(other.shape)")
    let (rows, width) = (shape[0], shape[1])
    let output = Buffer(count: rows, zeroed: false)
    for row in 0..<rows {
      let (x, y) = (buffer.pointer + row * width, other.buffer.pointer + row * width)
      var sum = 0.0
      for column in 0..<width { sum += Double(x[column]) * Double(y[column]) }
      output.pointer[row] = Float(sum)
    }
    return Self.result(output, shape: [rows], of: [self, other]) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      for (own, factor) in [(self, other), (other, self)] {
        guard let lower = own.gradientForAdding() else { continue }
        for row in 0..<rows {
          bear_axpy_f32(
            width, upper.pointer[row], factor.buffer.pointer + row * width,
            lower.pointer + row * width)
        }
      }
    }
  }
}
