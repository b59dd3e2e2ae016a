internal import BearLabNN
internal import BearLabTensor

/// The low-rank updates of one layer as a pass needs them.
struct LayerUpdate {
  /// One projection's: y += scale · (m x Aᵀ) Bᵀ, with m what dropout keeps.
  struct Pair {
    /// `[rank, in]`.
    let a: Matrix
    /// `[rank, out]`.
    let bTransposed: Matrix
    let pair: LoRAPair

    var scale: Float { pair.scale }
  }

  let pairs: [Projection: Pair]

  /// Lays out the updates of every layer.
  static func all(_ adapter: LoRAAdapter) -> [LayerUpdate] {
    let updates = adapter.layers.indices.map { LayerUpdate(adapter, layer: $0) }
    Compute.split(updates.count) { range in
      for update in updates[range] {
        for pair in update.pairs.values {
          pair.bTransposed.copy(
            transposing: Matrix(
              pair.pair.b.buffer, rows: pair.pair.outputs, columns: pair.pair.rank))
        }
      }
    }
    return updates
  }

  /// The updates of a layer, their transposed matrices not yet set.
  private init(_ adapter: LoRAAdapter, layer: Int) {
    pairs = adapter.layers[layer].mapValues { pair in
      let transposed = Matrix(rows: pair.rank, columns: pair.outputs)
      return Pair(
        a: Matrix(pair.a.buffer, rows: pair.rank, columns: pair.inputs), bTransposed: transposed,
        pair: pair)
    }
  }
}

/// What a layer's low-rank updates keep for the backward pass: all rows', filled tile by tile.
struct LayerUpdateRecord {
  /// x Aᵀ, `[n, rank]`.
  private(set) var low: [Projection: Matrix] = [:]
  /// What dropout kept of x, `[n, in]`; empty without dropout.
  private(set) var bits: [Projection: DropoutBits] = [:]

  /// Memory for all rows up to keys and values, and for the selected ones behind.
  init(_ update: LayerUpdate?, rows: Int, selected: Int, drops: Bool) {
    for (projection, pair) in update?.pairs ?? [:] {
      let rows = [.query, .key, .value].contains(projection) ? rows : selected
      low[projection] = Matrix(rows: rows, columns: pair.a.rows)
      if drops { bits[projection] = DropoutBits(rows: rows, columns: pair.a.columns) }
    }
  }
}

/// The gradients of one layer's updates, of each layer in its turn: each thread adds its tiles' to
/// its own.
final class LayerUpdateGradients {
  struct Pair {
    let a: Matrix
    let bTransposed: Matrix

    /// Those of a layer whose rank may be smaller than another's.
    func rank(_ rank: Int) -> Pair {
      Pair(a: a.rows(0..<rank), bTransposed: bTransposed.rows(0..<rank))
    }
  }

  private let threads: [[Projection: Pair]]

  /// Zeros, for each thread, with room for the largest rank of any layer.
  init(_ updates: [LayerUpdate], threads: Int) {
    let largest = updates.reduce(into: [Projection: LayerUpdate.Pair]()) { largest, update in
      largest.merge(update.pairs) { $0.a.rows < $1.a.rows ? $1 : $0 }
    }
    self.threads = (0..<threads).map { _ in
      largest.mapValues { pair in
        Pair(
          a: Matrix(rows: pair.a.rows, columns: pair.a.columns, zeroed: true),
          bTransposed: Matrix(
            rows: pair.bTransposed.rows, columns: pair.bTransposed.columns, zeroed: true))
      }
    }
  }

  /// A thread's gradients of a projection of some rank.
  func own(_ projection: Projection, rank: Int, thread: Int) -> Pair? {
    threads[thread][projection]?.rank(rank)
  }

  /// Adds the sums over the threads, in their order, to the parameters' gradients, and clears.
  func move(to update: LayerUpdate) {
    let pairs = Array(update.pairs)
    Compute.split(pairs.count) { range in
      for (projection, pair) in pairs[range] { move(projection, to: pair.pair) }
    }
  }

  private func move(_ projection: Projection, to pair: LoRAPair) {
    for thread in threads.indices {
      guard let own = own(projection, rank: pair.rank, thread: thread) else { continue }
      if let gradient = pair.a.gradientForAdding() {
        Matrix(gradient, rows: own.a.rows, columns: own.a.columns).add(own.a)
      }
      if let gradient = pair.b.gradientForAdding() {
        Matrix(gradient, rows: own.bTransposed.columns, columns: own.bTransposed.rows).add(
          transposing: own.bTransposed)
      }
      own.a.buffer.clear()
      own.bTransposed.buffer.clear()
    }
  }
}
