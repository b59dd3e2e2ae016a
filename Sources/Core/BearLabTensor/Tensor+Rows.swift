internal import CBearKernels

extension Tensor {
  /// Matrices of one width, one below the other: `[n₀ + n₁ + …, width]`.
  public static func concatenatingRows(_ parts: [Tensor]) -> Tensor {
    let width = parts.first?.shape.last ?? 0
    precondition(
      parts.allSatisfy { $0.shape.count == 2 && $0.shape[1] == width },
      "rows of shapes \(parts.map(\.shape)) put together")
    let output = Buffer(count: parts.reduce(0) { $0 + $1.count }, zeroed: false)
    var start = 0
    for part in parts {
      (output.pointer + start).update(from: part.buffer.pointer, count: part.count)
      start += part.count
    }
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    return result(output, shape: [rows, width], of: parts) { result in
      guard let upper = result.gradientBuffer else { return }
      var start = 0
      for part in parts {
        if let lower = part.gradientForAdding() {
          bear_axpy_f32(part.count, 1, upper.pointer + start, lower.pointer)
        }
        start += part.count
      }
    }
  }

  /// Matrices of as many rows side by side: `[n, width₀ + width₁ + …]`.
  public static func concatenatingColumns(_ parts: [Tensor]) -> Tensor {
    let rows = parts.first?.shape.first ?? 0
    precondition(
      parts.allSatisfy { $0.shape.count == 2 && $0.shape[0] == rows },
      "columns of shapes \(parts.map(\.shape)) put together")
    let width = parts.reduce(0) { $0 + $1.shape[1] }
    let output = Matrix(rows: rows, columns: width)
    var start = 0
    for part in parts {
      let end = start + part.shape[1]
      output.columns(start..<end).copy(
        from: Matrix(part.buffer, rows: rows, columns: part.shape[1]))
      start = end
    }
    return result(output.buffer, shape: [rows, width], of: parts) { result in
      guard let upper = result.gradientBuffer else { return }
      var start = 0
      for part in parts {
        let count = part.shape[1]
        if let lower = part.gradientForAdding() {
          for row in 0..<rows {
            bear_axpy_f32(
              count, 1, upper.pointer + row * width + start, lower.pointer + row * count)
          }
        }
        start += count
      }
    }
  }

  /// Some of the columns of a matrix, `[n, columns]`.
  public func columns(_ range: Range<Int>) -> Tensor {
    precondition(
      shape.count == 2 && range.lowerBound >= 0 && range.upperBound <= shape[1],
      "columns \(range) of \(shape)")
    let (rows, width) = (shape[0], shape[1])
    let output = Matrix(rows: rows, columns: range.count)
    output.copy(from: Matrix(buffer, rows: rows, columns: width).columns(range))
    return Self.result(output.buffer, shape: [rows, range.count], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for row in 0..<rows {
        bear_axpy_f32(
          range.count, 1, upper.pointer + row * range.count,
          lower.pointer + row * width + range.lowerBound)
      }
    }
  }

  /// The largest number of each column in runs of consecutive rows.
  ///
  /// The gradient goes to the first row that has it.
  ///
  /// - Parameter offsets: `[runs + 1]`: run t is rows `offsets[t]..<offsets[t + 1]`; none is empty.
  /// - Returns: `[runs, width]`.
  public func maxOverRows(offsets: [Int]) -> Tensor {
    precondition(
      shape.count == 2 && offsets.first == 0 && offsets.last == shape[0]
        && zip(offsets, offsets.dropFirst()).allSatisfy(<),
      "runs of rows ending at \(offsets.last ?? -1), for \(shape)")
    let (runs, width) = (offsets.count - 1, shape[1])
    let output = Buffer(count: runs * width, zeroed: false)
    var places = [Int32](repeating: 0, count: runs * width)
    for run in 0..<runs {
      for column in 0..<width {
        var best = offsets[run]
        for row in offsets[run]..<offsets[run + 1]
        where buffer.pointer[row * width + column] > buffer.pointer[best * width + column] {
          best = row
        }
        output.pointer[run * width + column] = buffer.pointer[best * width + column]
        places[run * width + column] = Int32(best)
      }
    }
    return Self.result(output, shape: [runs, width], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for index in 0..<runs * width {
        lower.pointer[Int(places[index]) * width + index % width] += upper.pointer[index]
      }
    }
  }

  /// The binary cross-entropy of each logit, in nats.
  ///
  ///     −log σ(x) for a target of 1,   −log(1 − σ(x)) for a target of 0
  public func binaryCrossEntropy(target: Bool) -> Tensor {
    target ? (-self).softplus() : softplus()
  }

  /// The cross-entropy of the soft-max of each row, in nats.
  ///
  /// - Parameter targets: `[n]`: the right column of each row.
  /// - Returns: `[n]`.
  public func crossEntropy(targets: [Int]) -> Tensor {
    -RaggedRows(dense: self, targets: targets).targetLogProbabilities()
  }
}
