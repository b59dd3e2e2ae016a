internal import CBearKernels

extension Tensor {
  /// Normalises each row to mean 0 and variance 1, then scales and shifts it (Ba et al., 2016).
  ///
  ///     y[r,i] = weight[i] (x[r,i] − mean[r]) / √(var[r] + ε) + bias[i]
  ///
  /// - Parameters:
  ///   - weight: `[width]`.
  ///   - bias: `[width]`.
  ///   - epsilon: ε, added to the variance.
  /// - Returns: `[n, width]`, of an x `[n, width]`.
  public func layerNorm(weight: Tensor, bias: Tensor, epsilon: Float = 1e-5) -> Tensor {
    precondition(
      shape.count == 2 && weight.shape == [shape[1]] && bias.shape == weight.shape,
      "layerNorm of \(shape) with weight \(weight.shape) and bias \(bias.shape)")
    let (rows, width) = (shape[0], shape[1])
    let output = Buffer(count: count, zeroed: false)
    let moments = Buffer(count: 2 * rows, zeroed: false)
    Self.splitRows(rows, minimum: 64) { part, _ in
      let start = part.lowerBound * width
      bear_layer_norm_f32(
        part.count, width, epsilon, buffer.pointer + start, weight.buffer.pointer,
        bias.buffer.pointer, output.pointer + start, moments.pointer + 2 * part.lowerBound)
    }
    return Self.result(output, shape: shape, of: [self, weight, bias]) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      let lower = gradientForAdding()
      let parts = max(1, min(Compute.threads, rows / 64))
      let sums = (0..<2 * parts).map { _ in Buffer(count: width) }
      Self.splitRows(rows, minimum: 64) { part, thread in
        let start = part.lowerBound * width
        bear_layer_norm_backward_f32(
          part.count, width, buffer.pointer + start, weight.buffer.pointer,
          moments.pointer + 2 * part.lowerBound, upper.pointer + start,
          lower.map { $0.pointer + start }, sums[2 * thread].pointer, sums[2 * thread + 1].pointer)
      }
      for part in 0..<parts {
        weight.addGradient(sums[2 * part])
        bias.addGradient(sums[2 * part + 1])
      }
    }
  }

  /// The larger of each number and 0.
  public func relu() -> Tensor { activated(BEAR_LEAKY_RELU) }

  /// x where positive, or else slope · x.
  public func leakyRelu(slope: Float = 0.01) -> Tensor { activated(BEAR_LEAKY_RELU, slope: slope) }

  /// x Φ(x) with the normal distribution function Φ, by the error function and not by tanh.
  public func gelu() -> Tensor { activated(BEAR_GELU) }

  /// The hyperbolic tangent of each number.
  public func tanh() -> Tensor { activated(BEAR_TANH) }

  private func activated(_ kind: bear_activation, slope: Float = 0) -> Tensor {
    let output = Buffer(count: count, zeroed: false)
    Compute.split(count, minimum: Self.elementsOfAThread) { part in
      bear_activate_f32(
        kind, part.count, slope, buffer.pointer + part.lowerBound, output.pointer + part.lowerBound)
    }
    return Self.result(output, shape: shape, of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      Compute.split(count, minimum: Self.elementsOfAThread) { part in
        bear_activate_backward_f32(
          kind, part.count, slope, buffer.pointer + part.lowerBound,
          upper.pointer + part.lowerBound, lower.pointer + part.lowerBound)
      }
    }
  }

  /// Fewer are not worth another thread.
  private static let elementsOfAThread = 1 << 14

  /// Drops a share of the numbers and scales up the others, so that expectations stay.
  ///
  ///     y[i] = m[i] x[i] / (1 − rate),   m[i] ∈ {0, 1}
  ///
  /// - Parameters:
  ///   - rate: the share, at least 0 and below 1; 0 changes nothing.
  ///   - key: m is a pure function of it and of the place i.
  /// - Returns: y; where the rate is 0, the tensor itself.
  public func dropped(rate: Float, key: UInt64) -> Tensor {
    guard rate > 0 else { return self }
    let output = Buffer(count: count)
    Self.addDropped(buffer, rate: rate, key: key, to: output)
    return Self.result(output, shape: shape, of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      Self.addDropped(upper, rate: rate, key: key, to: lower)
    }
  }

  private static func addDropped(_ x: Buffer, rate: Float, key: UInt64, to y: Buffer) {
    let block = Int(BEAR_DROPOUT_BLOCK)
    Compute.split((x.count + block - 1) / block, minimum: elementsOfAThread / block) { part in
      let start = part.lowerBound * block
      bear_add_dropped_f32(
        min(part.upperBound * block, x.count) - start, rate, key, start, x.pointer + start,
        y.pointer + start)
    }
  }

  /// A step of gated recurrent units (Cho et al., 2014), as PyTorch computes it.
  ///
  ///     r = σ(a_r + c_r);  z = σ(a_z + c_z);  n = tanh(a_n + r c_n);  y = (1 − z) n + z h
  ///
  /// - Parameters:
  ///   - input: a, `[n, 3 width]`, the parts for r, z and n side by side.
  ///   - recurrent: c, of the same shape, made of the hidden states.
  /// - Returns: the next hidden states `[n, width]`, of h `[n, width]`.
  public func gruStep(input: Tensor, recurrent: Tensor) -> Tensor {
    precondition(
      shape.count == 2 && input.shape == [shape[0], 3 * shape[1]]
        && recurrent.shape == input.shape,
      "gruStep of \(shape) with \(input.shape) and \(recurrent.shape)")
    let (rows, width) = (shape[0], shape[1])
    let output = Buffer(count: count, zeroed: false)
    Self.splitRows(rows) { part, _ in
      let start = part.lowerBound * width
      bear_gru_cell_f32(
        part.count, width, input.buffer.pointer + 3 * start, recurrent.buffer.pointer + 3 * start,
        buffer.pointer + start, output.pointer + start)
    }
    return Self.result(output, shape: shape, of: [self, input, recurrent]) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      let slopes = [count, 3 * count, 3 * count].map { Buffer(count: $0, zeroed: false) }
      Self.splitRows(rows) { part, _ in
        let start = part.lowerBound * width
        bear_gru_cell_backward_f32(
          part.count, width, input.buffer.pointer + 3 * start,
          recurrent.buffer.pointer + 3 * start, buffer.pointer + start, upper.pointer + start,
          slopes[1].pointer + 3 * start, slopes[2].pointer + 3 * start, slopes[0].pointer + start)
      }
      for (tensor, slope) in zip([self, input, recurrent], slopes) { tensor.addGradient(slope) }
    }
  }
}
