internal import BearLabNN
internal import BearLabTensor

extension Block {
  /// Runs the block backwards.
  ///
  /// - Parameters:
  ///   - record: what the forward pass kept.
  ///   - visible: the keys and values of the forward pass, all of this pass's nodes.
  ///   - gradient: `[m, D]`, of the selected nodes' output; overwritten.
  ///   - gradients: of the low-rank updates; zeros, and again zeros afterwards.
  ///   - needsInput: false for the first block when nothing below it is trained.
  /// - Returns: `[n, D]`, the gradient of the input; where that is not needed, without what goes
  ///   through queries, keys and values.
  func backward(
    _ record: BlockRecord, visible: KeyValueRows, gradient: Matrix,
    gradients: LayerUpdateGradients?, needsInput: Bool
  ) -> Matrix {
    let dAttended = upper.operand(shape.queryWidth)
    upper.forEachTile { tile in
      feedForwardBackward(record, tile, gradient: gradient.rows(tile.rows), gradients: gradients)
      mixHeadsBackward(
        record, tile, gradient: gradient.rows(tile.rows), into: dAttended.rows(tile.rows),
        gradients: gradients)
    }
    let dSelected = upper.matrix(shape.queryWidth)
    let dKeys = pass.matrix(shape.kvWidth)
    let dValues = pass.matrix(shape.kvWidth)
    upper.plan.backward(
      pass.geometry, queries: record.queries, keys: visible.keys, values: visible.values,
      output: record.attended, logSumExp: record.logSumExp, dOutput: dAttended,
      dQueries: dSelected, dKeys: dKeys, dValues: dValues)
    let dQueries = spread(dSelected)
    let dInput = spread(gradient)
    pass.forEachTile { tile in
      projectBackward(
        record, tile, dQueries: dQueries.rows(tile.rows), dKeys: dKeys.rows(tile.rows),
        dValues: dValues.rows(tile.rows), gradient: dInput.rows(tile.rows),
        gradients: gradients, needsInput: needsInput)
    }
    if let update = pass.updates?[layer] { gradients?.move(to: update) }
    return dInput
  }

  /// The selected nodes' rows among all, zeros elsewhere.
  private func spread(_ matrix: Matrix) -> Matrix {
    guard let selection else { return matrix }
    let whole = pass.matrix(matrix.columns, zeroed: true)
    whole.scatterAddRows(selection.rows, of: matrix)
    return whole
  }

  private func feedForwardBackward(
    _ record: BlockRecord, _ tile: Tile, gradient: Matrix, gradients: LayerUpdateGradients?
  ) {
    tile.scratch.clock.start()
    guard let gate = record.gate?.rows(tile.rows), let up = record.up?.rows(tile.rows) else {
      preconditionFailure("the forward pass of layer \(layer) kept nothing")
    }
    let dOutput = tile.scratch.gradient.rows(0..<tile.count)
    dOutput.store(gradient)
    tile.lap(.norm)
    let dLow = lowGradient(.down, record, tile, output: Operand(gradient), gradients)
    let dGateUp = tile.scratch.dGateUp.rows(0..<tile.count)
    for panel in shape.feedForwardPanels.indices {
      let columns = shape.feedForwardPanels[panel]
      let dActivated = tile.scratch.panel(0, rows: tile.count, columns: columns.count)
      weights.down.applyTransposed(dOutput, panel: panel, into: dActivated)
      tile.lap(.products)
      if let dLow {
        upper.addInputGradient(
          .down, layer: layer, tile: tile, dLow: dLow, columns: columns, to: dActivated,
          record: record.updates)
      }
      let activated = dLow.map { _ in
        tile.scratch.operandPanel(2, rows: tile.count, columns: columns.count)
      }
      Kernels.swiGLUBackward(
        gate: gate.columns(columns), up: up.columns(columns), dy: dActivated,
        dGate: dGateUp.columns(columns),
        dUp: dGateUp.columns(shape.columns(of: .up)).columns(columns), y: activated)
      tile.lap(.swiGLU)
      if let dLow, let activated, let gradients {
        upper.addWeightGradient(
          .down, layer: layer, tile: tile, dLow: dLow, input: activated, columns: columns,
          record: record.updates, gradients: gradients)
      }
    }
    let dNormed = tile.scratch.dNormed.rows(0..<tile.count)
    weights.gateUp.applyTransposed(dGateUp, into: dNormed)
    tile.lap(.products)
    backThroughNorm(
      [.gate, .up], record, tile, x: record.middle.rows(tile.rows),
      weight: weights.feedForwardNorm, inverseRMS: record.middleInverseRMS,
      dOutputs: { dGateUp.columns(shape.columns(of: $0)) }, dNormed: dNormed,
      gradient: gradient, gradients)
  }

  private func mixHeadsBackward(
    _ record: BlockRecord, _ tile: Tile, gradient: Matrix, into result: Operand,
    gradients: LayerUpdateGradients?
  ) {
    let dOutput = tile.scratch.gradient.rows(0..<tile.count)
    dOutput.store(gradient)
    tile.lap(.norm)
    let dAttended = tile.scratch.dAttended.rows(0..<tile.count)
    weights.output.applyTransposed(dOutput, into: dAttended)
    tile.lap(.products)
    if let gradients,
      let dLow = lowGradient(.output, record, tile, output: Operand(gradient), gradients)
    {
      upper.addWeightGradient(
        .output, layer: layer, tile: tile, dLow: dLow, input: record.attended.rows(tile.rows),
        record: record.updates, gradients: gradients)
      upper.addInputGradient(
        .output, layer: layer, tile: tile, dLow: dLow, to: dAttended, record: record.updates)
    }
    result.store(dAttended)
    tile.lap(.norm)
  }

  private func projectBackward(
    _ record: BlockRecord, _ tile: Tile, dQueries: Matrix, dKeys: Matrix, dValues: Matrix,
    gradient: Matrix, gradients: LayerUpdateGradients?, needsInput: Bool
  ) {
    tile.scratch.clock.start()
    for rotated in [dQueries, dKeys] {
      Kernels.rotary(
        rotated, headWidth: shape.headWidth, positions: pass.positions[tile.rows],
        table: pass.rotary, inverse: true)
    }
    tile.lap(.rotary)
    backThroughHeadNorms(record, tile, dQueries: dQueries, dKeys: dKeys)
    let dOutputs: [Projection: Matrix] = [.query: dQueries, .key: dKeys, .value: dValues]
    var dNormed: Matrix?
    if needsInput {
      let dQKV = tile.scratch.dQueryKeyValue.rows(0..<tile.count)
      for (projection, part) in dOutputs {
        dQKV.columns(shape.columns(of: projection)).store(part)
      }
      let whole = tile.scratch.dNormed.rows(0..<tile.count)
      tile.lap(.rotary)
      weights.queryKeyValue.applyTransposed(dQKV, into: whole)
      tile.lap(.products)
      dNormed = whole
    }
    backThroughNorm(
      [.query, .key, .value], record, tile, x: record.input.rows(tile.rows),
      weight: weights.attentionNorm, inverseRMS: record.inputInverseRMS,
      dOutputs: { dOutputs[$0].map { Operand($0) } ?? Operand(dQueries) }, dNormed: dNormed,
      gradient: gradient, gradients)
  }

  /// Takes the gradients of normalised heads back to those of what the products gave, in place.
  private func backThroughHeadNorms(
    _ record: BlockRecord, _ tile: Tile, dQueries: Matrix, dKeys: Matrix
  ) {
    guard let norms = weights.headNorms else { return }
    guard let projected = record.projected?.rows(tile.rows) else {
      preconditionFailure("the forward pass of layer \(layer) kept no queries and keys")
    }
    let parts = [(Projection.query, norms.query, dQueries), (.key, norms.key, dKeys)]
    for (projection, weight, gradient) in parts {
      Kernels.headNormBackward(
        projected.columns(shape.columns(of: projection)), weight: weight,
        epsilon: shape.normEpsilon, gradient: gradient)
    }
    tile.lap(.norm)
  }

  /// The backward pass of projections behind one norm, from the gradients of their outputs.
  private func backThroughNorm(
    _ projections: [Projection], _ record: BlockRecord, _ tile: Tile, x: Matrix, weight: Buffer,
    inverseRMS: Buffer, dOutputs: (Projection) -> Operand, dNormed: Matrix?, gradient: Matrix,
    _ gradients: LayerUpdateGradients?
  ) {
    if let gradients, projections.contains(where: { record.updates.low[$0] != nil }) {
      let normed = tile.scratch.normed.rows(0..<tile.count)
      Kernels.rmsNorm(x, weight: weight, epsilon: shape.normEpsilon, into: normed)
      tile.lap(.norm)
      for projection in projections {
        guard
          let dLow = lowGradient(
            projection, record, tile, output: dOutputs(projection), gradients)
        else { continue }
        pass.addWeightGradient(
          projection, layer: layer, tile: tile, dLow: dLow, input: normed,
          record: record.updates, gradients: gradients)
        if let dNormed {
          pass.addInputGradient(
            projection, layer: layer, tile: tile, dLow: dLow, to: dNormed, record: record.updates)
        }
      }
    }
    guard let dNormed else { return }
    Kernels.rmsNormBackward(
      x, weight: weight, inverseRMS: inverseRMS, first: tile.rows.lowerBound, dy: dNormed,
      addingTo: gradient)
    tile.lap(.norm)
  }

  private func lowGradient(
    _ projection: Projection, _ record: BlockRecord, _ tile: Tile, output: Operand,
    _ gradients: LayerUpdateGradients?
  ) -> Matrix? {
    guard let gradients else { return nil }
    return pass.lowGradient(
      projection, layer: layer, tile: tile, output: output, record: record.updates,
      gradients: gradients)
  }
}
