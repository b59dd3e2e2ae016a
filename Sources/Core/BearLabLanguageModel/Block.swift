internal import BearLabNN
internal import BearLabTensor

/// What one block keeps of the forward pass for its backward pass.
struct BlockRecord {
  let input: Matrix  // [n, D]
  let inputInverseRMS: Buffer  // [n]
  let queryKeyValue: Matrix  // [n, query + 2 kv], rotated
  let attended: Matrix  // [n, query]
  let logSumExp: Buffer  // [n, heads]
  let middle: Matrix  // [n, D], the residual between attention and feed-forward
  let middleInverseRMS: Buffer  // [n]
  let gateUp: Matrix  // [n, 2 feed-forward]
  let low: [Projection: Matrix]  // [n, rank] each
}

/// One transformer block over the nodes of a pass.
///
///     h = norm(x);  q, k, v = W h;  x += Wo attention(rotate(q), rotate(k), v)
///     h = norm(x);  x += Wdown (silu(Wgate h) · Wup h)
///
/// with the low-rank updates of LoRA on any of the products.
struct Block {
  let layer: Int
  let weights: BlockWeights
  let pass: ForestPass

  /// Runs the block.
  ///
  /// - Parameters:
  ///   - x: `[n, D]`, the residual stream; not changed.
  ///   - keysAndValues: given the keys and values of these nodes, returns all that they may see.
  /// - Returns: `[n, D]`, and what ``backward(_:gradient:needsInput:)`` needs.
  func forward(
    _ x: Matrix, keysAndValues: (Matrix, Matrix) -> (keys: Matrix, values: Matrix)
  ) -> (output: Matrix, record: BlockRecord) {
    let shape = pass.shape
    var low: [Projection: Matrix] = [:]

    let (normed, inputInverseRMS) = norm(x, weights.attentionNorm)
    let qkv = pass.matrix(shape.queryWidth + 2 * shape.kvWidth)
    weights.queryKeyValue.apply(normed, into: qkv)
    low.merge(pass.addLoRA([.query, .key, .value], layer: layer, input: normed, to: qkv)) { $1 }
    rotate(qkv)

    let (queries, keys, values) = split(qkv)
    let visible = keysAndValues(keys, values)
    let attended = pass.matrix(shape.queryWidth)
    let logSumExp = Buffer(count: pass.rowCount * shape.headCount, zeroed: false)
    pass.plan.forward(
      pass.geometry, queries: queries, keys: visible.keys, values: visible.values, into: attended,
      logSumExp: logSumExp)

    let middle = pass.matrix(shape.width)
    middle.copy(from: x)
    weights.output.apply(attended, into: middle, accumulate: true)
    low.merge(pass.addLoRA([.output], layer: layer, input: attended, to: middle)) { $1 }

    let (middleNormed, middleInverseRMS) = norm(middle, weights.feedForwardNorm)
    let gateUp = pass.matrix(2 * shape.feedForwardWidth)
    weights.gateUp.apply(middleNormed, into: gateUp)
    low.merge(pass.addLoRA([.gate, .up], layer: layer, input: middleNormed, to: gateUp)) { $1 }
    let activated = pass.matrix(shape.feedForwardWidth)
    Kernels.swiGLU(gateUp, into: activated)

    let output = pass.matrix(shape.width)
    output.copy(from: middle)
    weights.down.apply(activated, into: output, accumulate: true)
    low.merge(pass.addLoRA([.down], layer: layer, input: activated, to: output)) { $1 }

    let record = BlockRecord(
      input: x, inputInverseRMS: inputInverseRMS, queryKeyValue: qkv, attended: attended,
      logSumExp: logSumExp, middle: middle, middleInverseRMS: middleInverseRMS, gateUp: gateUp,
      low: low)
    return (output, record)
  }

  /// Runs the block backwards.
  ///
  /// - Parameters:
  ///   - record: what the forward pass kept.
  ///   - gradient: `[n, D]`: in, of the block's output; out, of its input where that is needed.
  ///   - needsInput: false for the first block when nothing below it is trained.
  func backward(_ record: BlockRecord, gradient: Matrix, needsInput: Bool) {
    feedForwardBackward(record, gradient: gradient)
    attentionBackward(record, gradient: gradient, needsInput: needsInput)
  }

  private func feedForwardBackward(_ record: BlockRecord, gradient: Matrix) {
    let shape = pass.shape
    let activated = pass.matrix(shape.feedForwardWidth)
    if record.low[.down] != nil { Kernels.swiGLU(record.gateUp, into: activated) }
    let dActivated = pass.matrix(shape.feedForwardWidth)
    weights.down.applyTransposed(gradient, into: dActivated)
    pass.loraBackward(
      [.down], layer: layer, input: activated, dOutput: gradient, low: record.low,
      dInput: dActivated)

    let dGateUp = pass.matrix(2 * shape.feedForwardWidth)
    Kernels.swiGLUBackward(record.gateUp, dy: dActivated, into: dGateUp)
    let dNormed = pass.matrix(shape.width)
    weights.gateUp.applyTransposed(dGateUp, into: dNormed)
    if record.low[.gate] != nil || record.low[.up] != nil {
      let (normed, _) = norm(record.middle, weights.feedForwardNorm)
      pass.loraBackward(
        [.gate, .up], layer: layer, input: normed, dOutput: dGateUp, low: record.low,
        dInput: dNormed)
    }
    Kernels.rmsNormBackward(
      record.middle, weight: weights.feedForwardNorm, inverseRMS: record.middleInverseRMS,
      dy: dNormed, addingTo: gradient)
  }

  private func attentionBackward(_ record: BlockRecord, gradient: Matrix, needsInput: Bool) {
    let shape = pass.shape
    let dAttended = pass.matrix(shape.queryWidth)
    weights.output.applyTransposed(gradient, into: dAttended)
    pass.loraBackward(
      [.output], layer: layer, input: record.attended, dOutput: gradient, low: record.low,
      dInput: dAttended)

    let (queries, keys, values) = split(record.queryKeyValue)
    let dQKV = pass.matrix(record.queryKeyValue.columns, zeroed: true)
    let (dQueries, dKeys, dValues) = split(dQKV)
    pass.plan.backward(
      pass.geometry, queries: queries, keys: keys, values: values, output: record.attended,
      logSumExp: record.logSumExp, dOutput: dAttended, dQueries: dQueries, dKeys: dKeys,
      dValues: dValues)
    rotate(dQKV, inverse: true)

    let dNormed = pass.matrix(shape.width)
    if needsInput { weights.queryKeyValue.applyTransposed(dQKV, into: dNormed) }
    if !record.low.isEmpty {
      let (normed, _) = norm(record.input, weights.attentionNorm)
      pass.loraBackward(
        [.query, .key, .value], layer: layer, input: normed, dOutput: dQKV, low: record.low,
        dInput: needsInput ? dNormed : nil)
    }
    guard needsInput else { return }
    Kernels.rmsNormBackward(
      record.input, weight: weights.attentionNorm, inverseRMS: record.inputInverseRMS, dy: dNormed,
      addingTo: gradient)
  }

  private func norm(_ x: Matrix, _ weight: Buffer) -> (Matrix, Buffer) {
    let output = pass.matrix(x.columns)
    let inverseRMS = Buffer(count: x.rows, zeroed: false)
    Kernels.rmsNorm(
      x, weight: weight, epsilon: pass.shape.normEpsilon, into: output, inverseRMS: inverseRMS)
    return (output, inverseRMS)
  }

  private func split(_ qkv: Matrix) -> (queries: Matrix, keys: Matrix, values: Matrix) {
    (
      qkv.columns(pass.columns(of: .query)), qkv.columns(pass.columns(of: .key)),
      qkv.columns(pass.columns(of: .value))
    )
  }

  /// Queries and keys are neighbours, so their heads are rotated together.
  private func rotate(_ qkv: Matrix, inverse: Bool = false) {
    let rotated = qkv.columns(0..<pass.shape.queryWidth + pass.shape.kvWidth)
    Kernels.rotary(
      rotated, headWidth: pass.shape.headWidth, positions: pass.positions, table: pass.rotary,
      inverse: inverse)
  }
}
