internal import BearLabNN
internal import BearLabTensor

/// What one block keeps of the forward pass for its backward pass.
struct BlockRecord {
  let input: Matrix  // [n, D]
  let inputInverseRMS: Buffer  // [n]
  let queries: Operand  // [n, query], rotated
  let attended: Operand  // [n, query]
  let logSumExp: Buffer  // [n, heads]
  let middle: Matrix  // [n, D], the residual between attention and feed-forward
  let middleInverseRMS: Buffer  // [n]
  /// [n, feed-forward]; nil where no backward pass follows.
  let gate: Operand?
  let up: Operand?
  let updates: LayerUpdateRecord

  /// Memory for a pass.
  init(_ pass: ForestPass, layer: Int, input: Matrix, keeps: Bool) {
    let shape = pass.shape
    self.input = input
    inputInverseRMS = Buffer(count: pass.rowCount, zeroed: false)
    queries = pass.operand(shape.queryWidth)
    attended = pass.operand(shape.queryWidth)
    logSumExp = Buffer(count: pass.rowCount * shape.headCount, zeroed: false)
    middle = pass.matrix(shape.width)
    middleInverseRMS = Buffer(count: pass.rowCount, zeroed: false)
    gate = keeps ? pass.operand(shape.feedForwardWidth) : nil
    up = keeps ? pass.operand(shape.feedForwardWidth) : nil
    updates = LayerUpdateRecord(pass.updates?[layer], rows: pass.rowCount, drops: pass.drops)
  }
}

/// The keys and values that the nodes of a pass may see, their own among them.
struct KeyValueRows {
  /// `[rows, kv]`, rotated.
  let keys: Operand
  /// `[rows, kv]`.
  let values: Operand
  /// The row of the pass's first node.
  let first: Int
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

  var shape: LanguageModelShape { pass.shape }

  /// Runs the block.
  ///
  /// - Parameters:
  ///   - x: `[n, D]`, the residual stream; not changed.
  ///   - visible: the keys and values of earlier nodes; those of this pass are written.
  ///   - keeps: whether ``backward(_:visible:gradient:needsInput:)`` follows.
  /// - Returns: `[n, D]`, and what the backward pass needs.
  func forward(
    _ x: Matrix, visible: KeyValueRows, keeps: Bool
  ) -> (output: Matrix, record: BlockRecord) {
    let record = BlockRecord(pass, layer: layer, input: x, keeps: keeps)
    let output = pass.matrix(shape.width)
    pass.forEachTile { project(record, visible, $0) }
    pass.plan.forward(
      pass.geometry, queries: record.queries, keys: visible.keys, values: visible.values,
      into: record.attended, logSumExp: record.logSumExp)
    pass.forEachTile { tile in
      mixHeads(record, tile)
      feedForward(record, tile, into: output.rows(tile.rows))
    }
    return (output, record)
  }

  /// Queries, keys and values of a tile, from the residual stream.
  private func project(_ record: BlockRecord, _ visible: KeyValueRows, _ tile: Tile) {
    tile.scratch.clock.start()
    let normed = tile.scratch.normed.rows(0..<tile.count)
    Kernels.rmsNorm(
      record.input.rows(tile.rows), weight: weights.attentionNorm, epsilon: shape.normEpsilon,
      into: normed, inverseRMS: record.inputInverseRMS, first: tile.rows.lowerBound)
    tile.lap(.norm)
    let qkv = tile.scratch.queryKeyValue.rows(0..<tile.count)
    weights.queryKeyValue.apply(normed, into: qkv)
    tile.lap(.products)
    for projection in [Projection.query, .key, .value] {
      let low = pass.low(
        projection, layer: layer, tile: tile, input: normed, record: record.updates)
      pass.addUpdate(
        projection, layer: layer, tile: tile, low: low,
        to: qkv.columns(shape.columns(of: projection)))
    }
    // Queries and keys are neighbours, so their heads are rotated together.
    Kernels.rotary(
      qkv.columns(0..<shape.queryWidth + shape.kvWidth), headWidth: shape.headWidth,
      positions: pass.positions[tile.rows], table: pass.rotary)
    record.queries.rows(tile.rows).store(qkv.columns(shape.columns(of: .query)))
    let own = tile.rows.lowerBound + visible.first..<tile.rows.upperBound + visible.first
    visible.keys.rows(own).store(qkv.columns(shape.columns(of: .key)))
    visible.values.rows(own).store(qkv.columns(shape.columns(of: .value)))
    tile.lap(.rotary)
  }

  /// Adds attention's output to the residual stream.
  private func mixHeads(_ record: BlockRecord, _ tile: Tile) {
    tile.scratch.clock.start()
    let middle = record.middle.rows(tile.rows)
    let attended = record.attended.rows(tile.rows)
    middle.copy(from: record.input.rows(tile.rows))
    tile.lap(.norm)
    weights.output.apply(attended, into: middle, accumulate: true)
    tile.lap(.products)
    let low = pass.low(
      .output, layer: layer, tile: tile, input: attended, record: record.updates)
    pass.addUpdate(.output, layer: layer, tile: tile, low: low, to: middle)
  }

  private func feedForward(_ record: BlockRecord, _ tile: Tile, into output: Matrix) {
    let middle = record.middle.rows(tile.rows)
    let normed = tile.scratch.normed.rows(0..<tile.count)
    Kernels.rmsNorm(
      middle, weight: weights.feedForwardNorm, epsilon: shape.normEpsilon, into: normed,
      inverseRMS: record.middleInverseRMS, first: tile.rows.lowerBound)
    tile.lap(.norm)
    let activated = tile.scratch.activated.rows(0..<tile.count)
    let lowGate = pass.low(.gate, layer: layer, tile: tile, input: normed, record: record.updates)
    let lowUp = pass.low(.up, layer: layer, tile: tile, input: normed, record: record.updates)
    for panel in shape.feedForwardPanels.indices {
      activate(
        record, tile, panel: panel, normed: normed, lowGate: lowGate, lowUp: lowUp,
        into: activated)
    }
    output.copy(from: middle)
    tile.lap(.norm)
    weights.down.apply(activated, into: output, accumulate: true)
    tile.lap(.products)
    let low = pass.low(.down, layer: layer, tile: tile, input: activated, record: record.updates)
    pass.addUpdate(.down, layer: layer, tile: tile, low: low, to: output)
  }

  /// One panel of silu(gate) · up.
  private func activate(
    _ record: BlockRecord, _ tile: Tile, panel: Int, normed: Operand, lowGate: Matrix?,
    lowUp: Matrix?, into activated: Operand
  ) {
    let columns = shape.feedForwardPanels[panel]
    let (rows, width) = (tile.count, columns.count)
    let gate = tile.scratch.panel(0, rows: rows, columns: width)
    let up = tile.scratch.panel(1, rows: rows, columns: width)
    weights.gateUp.apply(normed, panel: panel, into: gate)
    weights.gateUp.apply(normed, panel: shape.feedForwardPanels.count + panel, into: up)
    tile.lap(.products)
    pass.addUpdate(
      .gate, layer: layer, tile: tile, low: lowGate, columns: columns, to: gate)
    pass.addUpdate(.up, layer: layer, tile: tile, low: lowUp, columns: columns, to: up)
    // What is kept is what is used, so that the backward pass is that of this forward pass.
    let keptGate =
      record.gate?.rows(tile.rows).columns(columns)
      ?? tile.scratch.operandPanel(0, rows: rows, columns: width)
    let keptUp =
      record.up?.rows(tile.rows).columns(columns)
      ?? tile.scratch.operandPanel(1, rows: rows, columns: width)
    keptGate.store(gate)
    keptUp.store(up)
    Kernels.swiGLU(gate: keptGate, up: keptUp, into: activated.columns(columns))
    tile.lap(.swiGLU)
  }
}
