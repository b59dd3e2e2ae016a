internal import BearLabNN
internal import BearLabTensor

/// What the dropout masks of a training step depend on, besides layer, projection and path.
public struct DropoutKey: Sendable, Hashable {
  let key: UInt64

  /// The key of an optimiser step.
  public init(seed: UInt64, step: Int) {
    key = CounterGenerator.mix(seed, UInt64(step))
  }
}

/// One pass of some nodes of a forest through the blocks: what all layers share.
///
/// All but attention goes tile by tile: a thread takes a few rows through everything up to the next
/// attention while they are in its cache.
final class ForestPass {
  let shape: LanguageModelShape
  let precision: Precision
  let rotary: RotaryTable
  /// `[n]`: of the nodes of this pass.
  let positions: [Int32]
  private let pathKeys: [UInt64]
  let plan: AncestorPlan
  /// One a layer; nil without adapter.
  let updates: [LayerUpdate]?
  private let dropout: DropoutKey?
  private let dropoutRate: Float
  /// Fixed for the pass: each has memory of its own.
  let threads: Int
  /// Of a tile at most; fixed for the pass, as the scratch memory is.
  private let height: Int
  private let scratch: [TileScratch]

  init(
    shape: LanguageModelShape, precision: Precision, rotary: RotaryTable, positions: [Int32],
    pathKeys: [UInt64], plan: AncestorPlan, updates: [LayerUpdate]?, dropout: DropoutKey?,
    dropoutRate: Float
  ) {
    self.shape = shape
    self.precision = precision
    self.rotary = rotary
    self.positions = positions
    self.pathKeys = pathKeys
    self.plan = plan
    self.updates = updates
    self.dropoutRate = dropoutRate
    self.dropout = dropoutRate > 0 ? dropout : nil
    let height = min(MatrixEngine.current.tileRows(precision), max(positions.count, 1))
    self.height = height
    threads = Compute.threads
    scratch = (0..<threads).map { _ in
      TileScratch(shape: shape, precision: precision, rows: height)
    }
  }

  /// Some of the nodes, with a plan of their own.
  func selecting(_ rows: [Int], plan: AncestorPlan) -> ForestPass {
    ForestPass(
      of: self, positions: rows.map { positions[$0] }, pathKeys: rows.map { pathKeys[$0] },
      plan: plan)
  }

  private init(
    of whole: ForestPass, positions: [Int32], pathKeys: [UInt64], plan: AncestorPlan
  ) {
    shape = whole.shape
    precision = whole.precision
    rotary = whole.rotary
    self.positions = positions
    self.pathKeys = pathKeys
    self.plan = plan
    updates = whole.updates
    dropout = whole.dropout
    dropoutRate = whole.dropoutRate
    threads = whole.threads
    height = whole.height
    // One of the two runs at a time.
    scratch = whole.scratch
  }

  var rowCount: Int { positions.count }

  var drops: Bool { dropout != nil }

  var geometry: AttentionGeometry {
    AttentionGeometry(
      heads: shape.headCount, kvHeads: shape.kvHeadCount, headWidth: shape.headWidth)
  }

  /// A fresh matrix with a row for each node.
  func matrix(_ columns: Int, zeroed: Bool = false) -> Matrix {
    Matrix(rows: rowCount, columns: columns, zeroed: zeroed)
  }

  /// A fresh matrix of operands with a row for each node.
  func operand(_ columns: Int) -> Operand {
    Operand(rows: rowCount, columns: columns, precision: precision)
  }

  /// Runs `body` on every tile.
  func forEachTile(_ body: (Tile) -> Void) {
    Compute.forEachTile(rowCount, height: height, threads: threads) { rows, thread in
      body(Tile(rows: rows, thread: thread, scratch: scratch[thread]))
    }
  }

  // MARK: LoRA

  /// x Aᵀ of a projection for a tile, kept in the record; nil where nothing is trained there.
  func low(
    _ projection: Projection, layer: Int, tile: Tile, input: Operand, record: LayerUpdateRecord
  ) -> Matrix? {
    guard let pair = updates?[layer].pairs[projection],
      let low = record.low[projection]?.rows(tile.rows)
    else { return nil }
    let bits = record.bits[projection]?.rows(from: tile.rows.lowerBound)
    if let bits { draw(bits, columns: input.columns, projection, layer: layer, tile: tile) }
    LowRank.dots(input, keeping: bits, with: pair.a, scale: inputScale, into: low)
    tile.lap(.lowRank)
    return low
  }

  /// Adds some columns of a projection's update to its outputs.
  func addUpdate(
    _ projection: Projection, layer: Int, tile: Tile, low: Matrix?, columns: Range<Int>? = nil,
    to output: Matrix
  ) {
    guard let low, let pair = updates?[layer].pairs[projection] else { return }
    let columns = columns ?? 0..<pair.bTransposed.columns
    LowRank.expand(
      low, with: pair.bTransposed.columns(columns), scale: pair.scale, into: output)
    tile.lap(.lowRank)
  }

  /// The gradient of x Aᵀ, and the outputs' share of the gradient of B.
  ///
  /// - Parameters:
  ///   - projection: whose update it is.
  ///   - layer: of the block.
  ///   - tile: the rows.
  ///   - output: the gradient of the outputs.
  ///   - record: what the forward pass kept.
  ///   - gradients: the thread's, which are added to.
  /// - Returns: the gradient of x Aᵀ, in the tile's scratch until the next call.
  func lowGradient(
    _ projection: Projection, layer: Int, tile: Tile, output: Operand, record: LayerUpdateRecord,
    gradients: LayerUpdateGradients
  ) -> Matrix? {
    guard let pair = updates?[layer].pairs[projection],
      let low = record.low[projection]?.rows(tile.rows),
      let own = gradients.own(projection, rank: pair.a.rows, thread: tile.thread)
    else { return nil }
    let dLow = tile.scratch.lowGradient(projection, rows: tile.count, rank: pair.a.rows)
    LowRank.dots(output, with: pair.bTransposed, scale: pair.scale, into: dLow)
    LowRank.outer(low, output, scale: pair.scale, into: own.bTransposed)
    tile.lap(.lowRank)
    return dLow
  }

  /// Adds what a tile's inputs, or some columns of them, give to the gradient of A.
  func addWeightGradient(
    _ projection: Projection, layer: Int, tile: Tile, dLow: Matrix, input: Operand,
    columns: Range<Int>? = nil, record: LayerUpdateRecord, gradients: LayerUpdateGradients
  ) {
    guard let own = gradients.own(projection, rank: dLow.columns, thread: tile.thread) else {
      return
    }
    let columns = columns ?? 0..<own.a.columns
    LowRank.outer(
      dLow, input, keeping: bits(projection, tile, from: columns.lowerBound, record),
      scale: inputScale, into: own.a.columns(columns))
    tile.lap(.lowRank)
  }

  /// Adds a projection's update to the gradient of its input, or of some columns of that.
  func addInputGradient(
    _ projection: Projection, layer: Int, tile: Tile, dLow: Matrix, columns: Range<Int>? = nil,
    to dInput: Matrix, record: LayerUpdateRecord
  ) {
    guard let pair = updates?[layer].pairs[projection] else { return }
    let columns = columns ?? 0..<pair.a.columns
    LowRank.expand(
      dLow, with: pair.a.columns(columns),
      keeping: bits(projection, tile, from: columns.lowerBound, record), scale: inputScale,
      into: dInput)
    tile.lap(.lowRank)
  }

  /// A tile's masks from a column on.
  private func bits(
    _ projection: Projection, _ tile: Tile, from column: Int, _ record: LayerUpdateRecord
  ) -> DropoutBits? {
    record.bits[projection]?.rows(from: tile.rows.lowerBound).columns(from: column)
  }

  /// What dropout multiplies the kept inputs by.
  private var inputScale: Float { drops ? DropoutBits.scale(rate: dropoutRate) : 1 }

  /// Draws a projection's masks for a tile.
  private func draw(
    _ bits: DropoutBits, columns: Int, _ projection: Projection, layer: Int, tile: Tile
  ) {
    guard let dropout else { return }
    let place = UInt64(layer) << 8 | UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)
    let key = CounterGenerator.mix(dropout.key, place)
    bits.draw(
      columns: columns, rate: dropoutRate,
      keys: pathKeys[tile.rows].map { CounterGenerator.mix(key, $0) })
    tile.lap(.dropout)
  }
}

/// Some rows of a pass on one thread.
struct Tile {
  let rows: Range<Int>
  let thread: Int
  let scratch: TileScratch

  var count: Int { rows.count }

  /// Counts the time since the last lap of this thread to an operation.
  func lap(_ operation: Profile.Operation) { scratch.clock.lap(operation) }
}
