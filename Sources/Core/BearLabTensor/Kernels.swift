internal import CBearKernels

/// The C kernels over matrices, rows split over the threads.
package enum Kernels {
  /// Root-mean-square normalisation; keeps 1 / rms of each row for ``rmsNormBackward``.
  package static func rmsNorm(
    _ x: Matrix, weight: Buffer, epsilon: Float, into y: Matrix, inverseRMS: Buffer
  ) {
    precondition(x.isContiguous && y.isContiguous && weight.count == x.columns)
    Compute.split(x.rows, minimum: 16) { range in
      let first = range.lowerBound
      bear_rms_norm_f32(
        range.count, x.columns, epsilon, x.row(first), weight.pointer, y.row(first),
        inverseRMS.pointer + first)
    }
  }

  /// Adds the gradient of ``rmsNorm`` to `dx`.
  package static func rmsNormBackward(
    _ x: Matrix, weight: Buffer, inverseRMS: Buffer, dy: Matrix, addingTo dx: Matrix
  ) {
    precondition(x.isContiguous && dy.isContiguous && dx.isContiguous)
    Compute.split(x.rows, minimum: 16) { range in
      let first = range.lowerBound
      bear_rms_norm_backward_f32(
        range.count, x.columns, x.row(first), weight.pointer, inverseRMS.pointer + first,
        dy.row(first), dx.row(first))
    }
  }

  /// Rotates the heads in `x` by their positions, in place; backwards with `inverse`.
  package static func rotary(
    _ x: Matrix, headWidth: Int, positions: [Int32], table: RotaryTable, inverse: Bool = false
  ) {
    positions.withUnsafeBufferPointer { positions in
      guard let base = positions.baseAddress else { return }
      Compute.split(x.rows, minimum: 16) { range in
        bear_rotary_f32(
          range.count, x.columns / headWidth, headWidth, x.stride, base + range.lowerBound,
          table.cosine.pointer, table.sine.pointer, inverse ? -1 : 1, x.row(range.lowerBound))
      }
    }
  }

  /// y = silu(gate) · up, from rows of gate followed by up.
  package static func swiGLU(_ gateUp: Matrix, into y: Matrix) {
    precondition(gateUp.isContiguous && y.isContiguous && gateUp.columns == 2 * y.columns)
    Compute.split(y.rows, minimum: 8) { range in
      bear_swiglu_f32(
        range.count, y.columns, gateUp.row(range.lowerBound), y.row(range.lowerBound))
    }
  }

  /// The gradient of ``swiGLU``.
  package static func swiGLUBackward(_ gateUp: Matrix, dy: Matrix, into gradient: Matrix) {
    precondition(gateUp.isContiguous && dy.isContiguous && gradient.isContiguous)
    Compute.split(dy.rows, minimum: 8) { range in
      bear_swiglu_backward_f32(
        range.count, dy.columns, gateUp.row(range.lowerBound), dy.row(range.lowerBound),
        gradient.row(range.lowerBound))
    }
  }

  /// Inverted dropout by a key for each row; `y` may be `x`.
  package static func dropout(_ x: Matrix, rate: Float, keys: [UInt64], into y: Matrix) {
    precondition(x.isContiguous && y.isContiguous && keys.count == x.rows)
    keys.withUnsafeBufferPointer { keys in
      guard let base = keys.baseAddress else { return }
      Compute.split(x.rows, minimum: 8) { range in
        bear_dropout_f32(
          range.count, x.columns, rate, base + range.lowerBound, x.row(range.lowerBound),
          y.row(range.lowerBound))
      }
    }
  }

  /// One step of AdamW on one tensor.
  package static func adamW(
    parameter: Buffer, gradient: Buffer, first: Buffer, second: Buffer, step: Int,
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    gradientScale: Double
  ) {
    precondition(gradient.count == parameter.count && first.count == parameter.count)
    bear_adamw_f32(
      parameter.count, Float(learningRate), Float(beta1), Float(beta2), Float(epsilon),
      Float(weightDecay), Float(gradientScale), Int64(step), gradient.pointer, parameter.pointer,
      first.pointer, second.pointer)
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
