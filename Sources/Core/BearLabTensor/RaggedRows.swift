internal import CBearKernels

/// Rows of unequal length over one flat tensor, each with a target: compressed sparse rows.
///
/// Row t is `values[offsets[t]..<offsets[t + 1]]`: the logits of the tokens that the item trie
/// allows there, or of the whole vocabulary.
public struct RaggedRows {
  /// `[offsets.last]`, on the tape.
  public let values: Tensor
  /// `[rows + 1]`, from 0.
  public let offsets: [Int]
  /// `[rows]`: the place of the target within its row.
  public let targetPositions: [Int]

  /// Rows over a flat tensor.
  public init(values: Tensor, offsets: [Int], targets: [Int]) {
    precondition(
      offsets.count == targets.count + 1 && offsets.last == values.count,
      "\(values.count) values, \(targets.count) targets, offsets \(offsets.count) "
        + "ending at \(offsets.last ?? -1)")
    self.values = values
    self.offsets = offsets
    targetPositions = targets
  }

  /// All columns of a matrix `[rows, width]`.
  public init(dense matrix: Tensor, targets: [Int]) {
    precondition(matrix.shape.count == 2, "a matrix is needed, not shape \(matrix.shape)")
    let width = matrix.shape[1]
    self.init(
      values: matrix.reshaped([matrix.count]), offsets: (0...matrix.shape[0]).map { $0 * width },
      targets: targets)
  }

  /// Chosen columns of each row of a matrix `[rows, width]`.
  public init(gathering columns: [ArraySlice<Int32>], from matrix: Tensor, targets: [Int]) {
    precondition(
      matrix.shape.count == 2 && matrix.shape[0] == columns.count,
      "\(columns.count) lists of columns for shape \(matrix.shape)")
    let width = matrix.shape[1]
    let places = columns.enumerated().flatMap { row, list in list.map { row * width + Int($0) } }
    self.init(
      values: matrix.reshaped([matrix.count]).gathered(at: places),
      offsets: Self.offsets(ofLengths: columns.map(\.count)), targets: targets)
  }

  /// Offsets of rows of given lengths: `[0, n₀, n₀ + n₁, …]`.
  public static func offsets(ofLengths lengths: [Int]) -> [Int] {
    var offsets = [0]
    for length in lengths { offsets.append(offsets[offsets.count - 1] + length) }
    return offsets
  }

  /// The number of rows.
  public var rowCount: Int { targetPositions.count }

  /// The number of values in a row.
  public func length(of row: Int) -> Int { offsets[row + 1] - offsets[row] }

  /// The numbers of each row: a copy.
  public var rowValues: [[Float]] {
    let flat = values.scalars
    return targetPositions.indices.map { Array(flat[offsets[$0]..<offsets[$0 + 1]]) }
  }

  /// The values at the targets, `[rows]`.
  public var targets: Tensor {
    values.gathered(at: targetPositions.indices.map { offsets[$0] + targetPositions[$0] })
  }

  /// Some of the rows, in the order given.
  public func rows(at indices: [Int]) -> RaggedRows {
    let places = indices.flatMap { Array(offsets[$0]..<offsets[$0 + 1]) }
    return RaggedRows(
      values: values.gathered(at: places),
      offsets: Self.offsets(ofLengths: indices.map { length(of: $0) }),
      targets: indices.map { targetPositions[$0] })
  }

  /// Every value divided by a constant, such as a temperature.
  public static func / (rows: RaggedRows, divisor: Float) -> RaggedRows {
    divisor == 1 ? rows : rows.replacing(values: rows.values / divisor)
  }

  private func replacing(values: Tensor) -> RaggedRows {
    RaggedRows(values: values, offsets: offsets, targets: targetPositions)
  }

  /// The log-sum-exp of each row, `[rows]`; -infinity for an empty one.
  public func logSumExp() -> Tensor {
    let starts = offsets.map(Int64.init)
    let output = Buffer(count: rowCount, zeroed: false)
    forEachPart { first, count in
      starts.withUnsafeBufferPointer { starts in
        guard let base = starts.baseAddress else { return }
        bear_row_log_sum_exp_f32(
          count, base + first, values.buffer.pointer, output.pointer + first)
      }
    }
    return Tensor.result(output, shape: [rowCount], of: [values]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = values.gradientForAdding() else {
        return
      }
      forEachPart { first, count in
        starts.withUnsafeBufferPointer { starts in
          guard let base = starts.baseAddress else { return }
          bear_row_log_sum_exp_backward_f32(
            count, base + first, values.buffer.pointer, output.pointer + first,
            upper.pointer + first, lower.pointer)
        }
      }
    }
  }

  /// Runs `body` on parts of the rows, on several threads where there is enough to do.
  private func forEachPart(_ body: (_ first: Int, _ count: Int) -> Void) {
    guard values.count > 1 << 16 else { return body(0, rowCount) }
    Compute.split(rowCount) { body($0.lowerBound, $0.count) }
  }

  /// The log soft-max of each row.
  public func logSoftmax() -> RaggedRows {
    let starts = offsets.map(Int64.init)
    let count = rowCount
    let normaliser = Buffer(count: count, zeroed: false)
    let output = Buffer(count: values.count, zeroed: false)
    bear_row_log_sum_exp_f32(count, starts, values.buffer.pointer, normaliser.pointer)
    bear_row_subtract_f32(
      count, starts, values.buffer.pointer, normaliser.pointer, output.pointer)
    let logProbabilities = Tensor.result(output, shape: [values.count], of: [values]) {
      [values] result in
      guard let upper = result.gradientBuffer, let lower = values.gradientForAdding() else {
        return
      }
      bear_row_log_softmax_backward_f32(
        count, starts, output.pointer, upper.pointer, lower.pointer)
    }
    return replacing(values: logProbabilities)
  }

  /// The log-probability of each row's target, `[rows]`, in nats.
  ///
  /// The same as `logSoftmax().targets` without storing a log-probability for every column.
  public func targetLogProbabilities() -> Tensor { targets - logSumExp() }
}

extension Tensor {
  /// The same numbers in another shape of as many.
  public func reshaped(_ shape: [Int]) -> Tensor {
    Self.result(buffer, shape: shape, of: [self]) { [self] result in
      if let upper = result.gradientBuffer { addGradient(upper) }
    }
  }
}
