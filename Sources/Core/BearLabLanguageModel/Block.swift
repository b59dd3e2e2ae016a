internal import BearLabNN
internal import BearLabTensor

/// What one block keeps of the forward pass for its backward pass: of all n nodes up to keys and
/// values, behind that of the m nodes whose output is asked for.
struct BlockRecord {
  let input: Matrix  // [n, D]
  let inputInverseRMS: Buffer  // [n]
  /// [n, query + kv], before the norm of heads; nil without one, or where no backward pass follows.
  let projected: Matrix?
  let queries: Operand  // [m, query], rotated
  let attended: Operand  // [m, query]
  let logSumExp: Buffer  // [m, heads]
  let middle: Matrix  // [m, D], the residual between attention and feed-forward
  let middleInverseRMS: Buffer  // [m]
  /// [m, feed-forward]; nil where no backward pass follows.
  let gate: Operand?
  let up: Operand?
  let updates: LayerUpdateRecord
}

/// The nodes whose output is asked for, where that are not all: in the last block the others are
/// only looked at.
struct NodeSelection {
  /// Rows of the pass, ascending.
  let rows: [Int]
  /// These nodes as a pass of their own, whose plan sees the keys of all.
  let pass: ForestPass

  /// Where some of the selected nodes are among them.
  func places(of nodes: [Int]) -> [Int] {
    let places = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    return nodes.compactMap { places[$0] }
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
///     h = norm(x);  q, k, v = W h + b;  q, k = norm(q), norm(k)
///     x += Wo attention(rotate(q), rotate(k), v) + bo
///     h = norm(x);  x += Wdown (silu(Wgate h) · Wup h)
///
/// with the low-rank updates of LoRA on any of the products; biases and the norms of the heads of q
/// and k only where the model has them.
struct Block {
  let layer: Int
  let weights: BlockWeights
  let pass: ForestPass
  /// Nil for all nodes.
  var selection: NodeSelection?

  var shape: LanguageModelShape { pass.shape }
  /// The pass of the nodes behind keys and values.
  var upper: ForestPass { selection?.pass ?? pass }

  /// Runs the block.
  ///
  /// - Parameters:
  ///   - x: `[n, D]`, the residual stream; not changed.
  ///   - visible: the keys and values of earlier nodes; those of this pass are written.
  ///   - keeps: whether ``backward(_:visible:gradient:gradients:needsInput:)`` follows.
  /// - Returns: `[m, D]`, of the selected nodes, and what the backward pass needs.
  func forward(
    _ x: Matrix, visible: KeyValueRows, keeps: Bool
  ) -> (output: Matrix, record: BlockRecord) {
    let inverseRMS = Buffer(count: pass.rowCount, zeroed: false)
    let queries = pass.operand(shape.queryWidth)
    let projected =
      keeps && weights.headNorms != nil ? pass.matrix(shape.queryWidth + shape.kvWidth) : nil
    let updates = LayerUpdateRecord(
      pass.updates?[layer], rows: pass.rowCount, selected: upper.rowCount, drops: pass.drops)
    pass.forEachTile { tile in
      project(
        x.rows(tile.rows), inverseRMS, updates, queries.rows(tile.rows), visible,
        keeping: projected?.rows(tile.rows), tile)
    }
    let record = BlockRecord(
      input: x, inputInverseRMS: inverseRMS, projected: projected,
      queries: selection.map { queries.gathered($0.rows) } ?? queries,
      attended: upper.operand(shape.queryWidth),
      logSumExp: Buffer(count: upper.rowCount * shape.headCount, zeroed: false),
      middle: upper.matrix(shape.width),
      middleInverseRMS: Buffer(count: upper.rowCount, zeroed: false),
      gate: keeps ? upper.operand(shape.feedForwardWidth) : nil,
      up: keeps ? upper.operand(shape.feedForwardWidth) : nil, updates: updates)
    upper.plan.forward(
      pass.geometry, queries: record.queries, keys: visible.keys, values: visible.values,
      into: record.attended, logSumExp: record.logSumExp)
    let residual = selection.map { x.gathered($0.rows) } ?? x
    let output = upper.matrix(shape.width)
    upper.forEachTile { tile in
      mixHeads(record, tile, residual: residual.rows(tile.rows))
      feedForward(record, tile, into: output.rows(tile.rows))
    }
    return (output, record)
  }

  /// Queries, keys and values of a tile, from its rows of the residual stream.
  private func project(
    _ x: Matrix, _ inverseRMS: Buffer, _ updates: LayerUpdateRecord, _ queries: Operand,
    _ visible: KeyValueRows, keeping projected: Matrix?, _ tile: Tile
  ) {
    tile.scratch.clock.start()
    let normed = tile.scratch.normed.rows(0..<tile.count)
    Kernels.rmsNorm(
      x, weight: weights.attentionNorm, epsilon: shape.normEpsilon, into: normed,
      inverseRMS: inverseRMS, first: tile.rows.lowerBound)
    tile.lap(.norm)
    let qkv = tile.scratch.queryKeyValue.rows(0..<tile.count)
    if let bias = weights.queryKeyValueBias { qkv.setRows(bias) }
    weights.queryKeyValue.apply(normed, into: qkv, accumulate: weights.queryKeyValueBias != nil)
    tile.lap(.products)
    for projection in [Projection.query, .key, .value] {
      let low = pass.low(projection, layer: layer, tile: tile, input: normed, record: updates)
      pass.addUpdate(
        projection, layer: layer, tile: tile, low: low,
        to: qkv.columns(shape.columns(of: projection)))
    }
    normaliseHeads(qkv, keeping: projected, tile)
    // Queries and keys are neighbours, so their heads are rotated together.
    Kernels.rotary(
      qkv.columns(0..<shape.queryWidth + shape.kvWidth), headWidth: shape.headWidth,
      positions: pass.positions[tile.rows], table: pass.rotary)
    queries.store(qkv.columns(shape.columns(of: .query)))
    let own = tile.rows.lowerBound + visible.first..<tile.rows.upperBound + visible.first
    visible.keys.rows(own).store(qkv.columns(shape.columns(of: .key)))
    visible.values.rows(own).store(qkv.columns(shape.columns(of: .value)))
    tile.lap(.rotary)
  }

  /// Normalises the heads of queries and keys, where the model does.
  private func normaliseHeads(_ qkv: Matrix, keeping projected: Matrix?, _ tile: Tile) {
    guard let norms = weights.headNorms else { return }
    projected?.copy(from: qkv.columns(0..<shape.queryWidth + shape.kvWidth))
    for (projection, weight) in [(Projection.query, norms.query), (.key, norms.key)] {
      Kernels.headNorm(
        qkv.columns(shape.columns(of: projection)), weight: weight, epsilon: shape.normEpsilon)
    }
    tile.lap(.norm)
  }

  /// Adds attention's output to the residual stream.
  private func mixHeads(_ record: BlockRecord, _ tile: Tile, residual: Matrix) {
    tile.scratch.clock.start()
    let middle = record.middle.rows(tile.rows)
    let attended = record.attended.rows(tile.rows)
    middle.copy(from: residual)
    if let bias = weights.outputBias { middle.addToRows(bias) }
    tile.lap(.norm)
    weights.output.apply(attended, into: middle, accumulate: true)
    tile.lap(.products)
    let low = upper.low(
      .output, layer: layer, tile: tile, input: attended, record: record.updates)
    upper.addUpdate(.output, layer: layer, tile: tile, low: low, to: middle)
  }

  private func feedForward(_ record: BlockRecord, _ tile: Tile, into output: Matrix) {
    let middle = record.middle.rows(tile.rows)
    let normed = tile.scratch.normed.rows(0..<tile.count)
    Kernels.rmsNorm(
      middle, weight: weights.feedForwardNorm, epsilon: shape.normEpsilon, into: normed,
      inverseRMS: record.middleInverseRMS, first: tile.rows.lowerBound)
    tile.lap(.norm)
    let activated = tile.scratch.activated.rows(0..<tile.count)
    let lowGate = upper.low(.gate, layer: layer, tile: tile, input: normed, record: record.updates)
    let lowUp = upper.low(.up, layer: layer, tile: tile, input: normed, record: record.updates)
    for panel in shape.feedForwardPanels.indices {
      activate(
        record, tile, panel: panel, normed: normed, lowGate: lowGate, lowUp: lowUp,
        into: activated)
    }
    output.copy(from: middle)
    tile.lap(.norm)
    weights.down.apply(activated, into: output, accumulate: true)
    tile.lap(.products)
    let low = upper.low(.down, layer: layer, tile: tile, input: activated, record: record.updates)
    upper.addUpdate(.down, layer: layer, tile: tile, low: low, to: output)
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
    upper.addUpdate(
      .gate, layer: layer, tile: tile, low: lowGate, columns: columns, to: gate)
    upper.addUpdate(.up, layer: layer, tile: tile, low: lowUp, columns: columns, to: up)
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
