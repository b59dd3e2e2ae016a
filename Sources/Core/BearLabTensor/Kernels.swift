internal import CBearKernels

/// The C kernels over matrices, each on the thread that calls.
package enum Kernels {
  /// Root-mean-square normalisation of some rows, as an operand.
  ///
  /// - Parameters:
  ///   - x: `[n, D]`.
  ///   - weight: `[D]`.
  ///   - epsilon: added to the mean square.
  ///   - y: `[n, D]`, written.
  ///   - inverseRMS: 1 / rms of each row is written from `first` on; nil where it is not needed.
  ///   - first: the place of the first row.
  package static func rmsNorm(
    _ x: Matrix, weight: Buffer, epsilon: Float, into y: Operand, inverseRMS: Buffer? = nil,
    first: Int = 0
  ) {
    precondition(x.isContiguous && y.isContiguous && weight.count == x.columns)
    bear_rms_norm(
      y.type, x.rows, x.columns, epsilon, x.pointer, weight.pointer, y.pointer,
      inverseRMS.map { $0.pointer + first })
  }

  /// Adds the gradient of ``rmsNorm`` to `dx`; `inverseRMS` has that of `x`'s first row at `first`.
  package static func rmsNormBackward(
    _ x: Matrix, weight: Buffer, inverseRMS: Buffer, first: Int = 0, dy: Matrix,
    addingTo dx: Matrix
  ) {
    precondition(x.isContiguous && dy.isContiguous && dx.isContiguous)
    bear_rms_norm_backward_f32(
      x.rows, x.columns, x.pointer, weight.pointer, inverseRMS.pointer + first, dy.pointer,
      dx.pointer)
  }

  /// Root-mean-square normalisation of each head of each row, in place.
  ///
  /// - Parameters:
  ///   - x: `[n, heads · headWidth]`.
  ///   - weight: `[headWidth]`.
  ///   - epsilon: added to the mean square.
  package static func headNorm(_ x: Matrix, weight: Buffer, epsilon: Float) {
    precondition(x.columns % weight.count == 0, "\(x.columns) columns in heads of \(weight.count)")
    bear_head_norm_f32(
      x.rows, x.columns / weight.count, weight.count, x.stride, epsilon, weight.pointer, x.pointer)
  }

  /// Turns the gradient of what ``headNorm(_:weight:epsilon:)`` made of `x` into that of `x`, in
  /// place.
  package static func headNormBackward(
    _ x: Matrix, weight: Buffer, epsilon: Float, gradient: Matrix
  ) {
    precondition(
      x.columns % weight.count == 0 && gradient.rows == x.rows && gradient.columns == x.columns,
      "[\(gradient.rows), \(gradient.columns)] for [\(x.rows), \(x.columns)]")
    bear_head_norm_backward_f32(
      x.rows, x.columns / weight.count, weight.count, epsilon, x.pointer, x.stride,
      weight.pointer, gradient.pointer, gradient.stride)
  }

  /// Rotates the heads in `x` by their positions, in place; backwards with `inverse`.
  package static func rotary(
    _ x: Matrix, headWidth: Int, positions: ArraySlice<Int32>, table: RotaryTable,
    inverse: Bool = false
  ) {
    precondition(positions.count == x.rows)
    positions.withUnsafeBufferPointer { positions in
      guard let base = positions.baseAddress else { return }
      bear_rotary_f32(
        x.rows, x.columns / headWidth, headWidth, x.stride, base, table.cosine.pointer,
        table.sine.pointer, inverse ? -1 : 1, x.pointer)
    }
  }

  /// y = silu(gate) · up.
  package static func swiGLU(gate: Operand, up: Operand, into y: Operand) {
    precondition(gate.stride == up.stride && gate.columns == y.columns && gate.rows == y.rows)
    bear_swiglu(
      y.type, y.rows, y.columns, gate.pointer, up.pointer, gate.stride, y.pointer, y.stride)
  }

  /// The gradient of ``swiGLU``, and its output once more where `y` is given.
  package static func swiGLUBackward(
    gate: Operand, up: Operand, dy: Matrix, dGate: Operand, dUp: Operand, y: Operand?
  ) {
    precondition(gate.stride == up.stride && dGate.stride == dUp.stride)
    precondition(gate.columns == dy.columns && gate.rows == dy.rows)
    bear_swiglu_backward(
      gate.type, dy.rows, dy.columns, gate.pointer, up.pointer, gate.stride, dy.pointer,
      dy.stride, dGate.pointer, dUp.pointer, dGate.stride, y?.pointer, y?.stride ?? 0)
  }

  /// One step of AdamW on one tensor.
  package static func adamW(
    parameter: Buffer, gradient: Buffer, first: Buffer, second: Buffer, step: Int,
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    penalty: Double = 0, gradientScale: Double
  ) {
    precondition(gradient.count == parameter.count && first.count == parameter.count)
    bear_adamw_f32(
      parameter.count, Float(learningRate), Float(beta1), Float(beta2), Float(epsilon),
      Float(weightDecay), Float(penalty), Float(gradientScale), Int64(step), gradient.pointer,
      parameter.pointer, first.pointer, second.pointer)
  }

  /// y += scale · x.
  package static func add(_ x: Buffer, scale: Float, to y: Buffer) {
    precondition(x.count == y.count, "\(x.count) numbers onto \(y.count)")
    bear_axpy_f32(x.count, scale, x.pointer, y.pointer)
  }

  /// The sum of squares, in double precision.
  package static func sumOfSquares(_ x: Buffer) -> Double {
    bear_sum_of_squares_f32(x.count, x.pointer)
  }
}

/// cos and sin of position × inverse frequency, `[positions, headWidth / 2]` each.
package final class RotaryTable {
  package let positions: Int
  let cosine: Buffer
  let sine: Buffer

  /// Tabulates the angles of `[headWidth / 2]` inverse frequencies, in radians a position.
  package init(positions: Int, inverseFrequencies: [Double]) {
    self.positions = positions
    var cosines: [Float] = []
    var sines: [Float] = []
    for position in 0..<positions {
      for frequency in inverseFrequencies {
        // PyTorch computes the angle in single precision; its cosine follows.
        let angle = Float(position) * Float(frequency)
        cosines.append(angle.cosine)
        sines.append(angle.sine)
      }
    }
    cosine = Buffer(cosines)
    sine = Buffer(sines)
  }
}
