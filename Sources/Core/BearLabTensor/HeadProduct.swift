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

  /// The log-probabilities of tokens over the vocabulary, `[n]`, in nats.
  ///
  ///     y[i] = x · W[t] − log Σ_v exp(x · W[v])         x = hidden[rows[i]], t = targets[i]
  ///     dx  += dy[i] (W[t] − Σ_v p_v W[v])              p = softmax(x Wᵀ)
  ///
  /// The sums over v are made in the forward pass, tile by tile, and are all that is kept: neither
  /// logits nor their gradients of more than a tile are ever in memory.
  ///
  /// - Parameters:
  ///   - hidden: `[m, D]`.
  ///   - rows: `[n]`, which hidden state stands before each token; several may share one.
  ///   - targets: `[n]`, the tokens.
  /// - Returns: `[n]`, on the tape.
  package func targetLogProbabilities(
    of hidden: Tensor, rows: [Int], targets: [Int32]
  ) -> Tensor {
    precondition(rows.count == targets.count, "\(rows.count) rows, \(targets.count) targets")
    let count = hidden.shape[0]
    var tokens = [[Int]](repeating: [], count: count)
    for (index, row) in rows.enumerated() { tokens[row].append(index) }
    // A row's mean is taken relative to its first target, so that a sure one leaves no cancellation.
    let leading = tokens.map { $0.first.map { targets[$0] } ?? 0 }
    let output = Buffer(count: rows.count, zeroed: false)
    let means =
      hidden.requiresGradient ? Matrix(rows: count, columns: hidden.shape[1]) : nil
    forEachTileOfLogits(of: hidden, leading: leading, means: means) { row, logits, normaliser in
      for index in tokens[row] {
        output.pointer[index] = logits[Int(targets[index])] - normaliser
      }
    }
    return Tensor.result(output, shape: [rows.count], of: [hidden]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = hidden.gradientForAdding(), let means
      else { return }
      Profile.backward {
        Compute.split(count) { part in
          for row in part {
            let target = lower.pointer + row * means.columns
            let sum = tokens[row].reduce(Float(0)) { $0 + upper.pointer[$1] }
            bear_axpy_f32(means.columns, -sum, means.row(row), target)
            for index in tokens[row] where targets[index] != leading[row] {
              let own = upper.pointer[index]
              bear_axpy_f32(means.columns, own, table.row(Int(targets[index])), target)
              bear_axpy_f32(means.columns, -own, table.row(Int(leading[row])), target)
            }
          }
        }
      }
    }
  }

  /// Computes the logits of the vocabulary, a tile at a time.
  ///
  /// - Parameters:
  ///   - hidden: `[m, D]`.
  ///   - leading: `[m]`, tokens.
  ///   - means: `[m, D]`, gets Σ_v p_v W[v] − W[leading]; nil where nobody asks.
  ///   - visit: is given a row, its logits and their log-sum-exp.
  private func forEachTileOfLogits(
    of hidden: Tensor, leading: [Int32], means: Matrix?,
    _ visit: (_ row: Int, UnsafePointer<Float>, Float) -> Void
  ) {
    let packed = packed
    if means != nil { packed.prepareTransposed() }
    let input = Matrix(hidden.buffer, rows: hidden.shape[0], columns: packed.inputs)
    let height = MatrixEngine.current.headTileRows(precision)
    let scratch = (0..<Compute.threads).map { _ in
      Matrix(rows: min(height, input.rows), columns: packed.outputs)
    }
    let offsets = (0...height).map { Int64($0 * packed.outputs) }
    Compute.forEachTile(input.rows, height: height) { tile, thread in
      let logits = scratch[thread].rows(0..<tile.count)
      Profile.measure(.head) { packed.apply(operand(input.rows(tile)), into: logits) }
      var normalisers = [Float](repeating: 0, count: tile.count)
      bear_row_log_sum_exp_f32(tile.count, offsets, logits.pointer, &normalisers)
      for (place, row) in tile.enumerated() {
        visit(row, logits.row(place), normalisers[place])
      }
      guard let means else { return }
      let shares = Operand(rows: tile.count, columns: packed.outputs, precision: precision)
      bear_row_softmax_minus_target(
        shares.type, tile.count, packed.outputs, logits.pointer, normalisers,
        Array(leading[tile]), shares.pointer)
      Profile.measure(.head) { packed.applyTransposed(shares, into: means.rows(tile)) }
    }
  }

  /// Runs `body` on tiles of a matrix as operands.
  private func forEachTile(of x: Matrix, _ body: (Operand, Range<Int>) -> Void) {
    Compute.forEachTile(x.rows, height: MatrixEngine.current.headTileRows(precision)) { tile, _ in
      Profile.measure(.head) { body(operand(x.rows(tile)), tile) }
    }
  }

  /// A matrix in the precision of the products.
  private func operand(_ x: Matrix) -> Operand {
    guard precision != .f32 else { return Operand(x) }
    let operand = Operand(rows: x.rows, columns: x.columns, precision: precision)
    operand.store(x)
    return operand
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
