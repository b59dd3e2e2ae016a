public import BearLabNN
public import BearLabTensor

/// The memory that a model and a pass over a forest take, known before anything is read.
public struct MemoryPlan: Sendable, Hashable {
  /// What is computed at a time.
  public struct Load: Sendable, Hashable {
    /// n, the nodes of the forest: of a micro-batch, or of a batch of prompts and beams.
    public var rows: Int
    /// m, the nodes whose hidden states are asked for.
    public var outputs: Int
    /// Which logits of theirs are computed.
    public var head: Head
    /// Whether a backward pass follows; without one, keys and values are kept for the next pass.
    public var trains: Bool

    /// Takes the figures.
    public init(rows: Int, outputs: Int, head: Head, trains: Bool) {
      self.rows = rows
      self.outputs = outputs
      self.head = head
      self.trains = trains
    }
  }

  /// What is computed with the language-model head.
  public enum Head: Sendable, Hashable {
    /// Logits of chosen tokens.
    case chosenTokens
    /// Log-probabilities of single tokens over the vocabulary, a tile of logits at a time.
    case targets
    /// The logits of the whole vocabulary.
    case vocabulary
  }

  /// Of the frozen weights, as they came and packed for products.
  public let weightBytes: Int
  /// Of what a pass keeps: activations for the backward pass, or keys and values for decoding.
  public let activationBytes: Int
  /// Of LoRA's weights, their gradients and the optimiser's state.
  public let adapterBytes: Int
  /// Of logits and hidden states that were asked for, and of their gradients.
  public let logitBytes: Int
  /// Of what one layer needs while it is computed, or one weight while it is packed.
  public let scratchBytes: Int
  /// Layers whose activations are computed again in the backward pass.
  public let recomputedLayers: Int

  /// The most that is held at a time.
  public var peakBytes: Int {
    weightBytes + activationBytes + adapterBytes + logitBytes + scratchBytes
  }

  /// Plans the memory of a pass.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the model.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights and of the operands of products.
  ///   - threads: the number of threads.
  ///   - load: what is computed at a time.
  ///   - lora: the settings of the adapter that is trained, now or before; nil where none is.
  ///   - limit: the most that may be taken, in bytes; 0 for no limit.
  ///   - otherBytes: what the process holds besides, which counts to the limit.
  ///   - engine: the library that multiplies.
  /// - Throws: ``LanguageModelError/memoryLimit(limit:needed:rows:)`` where even the recomputation of
  ///   all layers is not enough.
  public init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision, threads: Int, load: Load,
    lora: LoRASettings?, limit: Int = 0, otherBytes: Int = 0, engine: MatrixEngine = .current
  ) throws(LanguageModelError) {
    let sizes = MemorySizes(
      shape: shape, tiedHead: tiedHead, precision: precision, threads: threads, load: load,
      lora: lora, packs: engine == .onednn)
    weightBytes = sizes.weights
    adapterBytes = sizes.adapter
    logitBytes = sizes.logits
    scratchBytes = max(sizes.packing, sizes.pass)
    let fixed = otherBytes + weightBytes + adapterBytes + logitBytes + scratchBytes
    let choices = load.trains ? 0...shape.layerCount : 0...0
    let fitting = choices.first { fixed + sizes.activations(recomputing: $0) <= limit }
    guard limit == 0 || fitting != nil else {
      throw .memoryLimit(
        limit: limit, needed: fixed + sizes.activations(recomputing: choices.upperBound),
        rows: load.rows)
    }
    recomputedLayers = limit == 0 ? 0 : fitting ?? 0
    activationBytes = sizes.activations(recomputing: recomputedLayers)
  }

  /// Plans the reading of a model's file.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the model.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights.
  ///   - mappedBytes: what of the files is in memory at a time while they are read.
  ///   - engine: the library that multiplies.
  public init(
    loading shape: LanguageModelShape, tiedHead: Bool, precision: Precision, mappedBytes: Int,
    engine: MatrixEngine = .current
  ) {
    let sizes = MemorySizes(
      shape: shape, tiedHead: tiedHead, precision: precision, threads: 1,
      load: Load(rows: 0, outputs: 0, head: .chosenTokens, trains: false), lora: nil,
      packs: engine == .onednn)
    weightBytes = sizes.weights
    scratchBytes = mappedBytes + sizes.packing
    activationBytes = 0
    adapterBytes = 0
    logitBytes = 0
    recomputedLayers = 0
  }
}

/// The bytes of the parts.
private struct MemorySizes {
  let shape: LanguageModelShape
  let tiedHead: Bool
  let precision: Precision
  let threads: Int
  let load: MemoryPlan.Load
  let lora: LoRASettings?
  /// Whether the engine has weights in a layout of its own.
  let packs: Bool

  private static let float = 4
  private var float: Int { Self.float }
  private var operand: Int { precision.bytes }

  // MARK: Weights

  /// Inputs times outputs of each product's weights.
  private var matrices: [Int] {
    let stacked: [[Projection]] = [[.query, .key, .value], [.output], [.gate, .up], [.down]]
    return stacked.map { projections in
      projections.reduce(0) { $0 + shape.size(of: $1).inputs * shape.size(of: $1).outputs }
    }
  }

  private var table: Int { shape.vocabularySize * shape.width }

  /// The tables stay in single precision for the rows of chosen tokens; once an adapter was trained,
  /// the transposed weights stay too.
  var weights: Int {
    let copies = packs && lora != nil ? 2 : 1
    let head = packs && load.head != .chosenTokens ? copies * operand * table : 0
    let vectors = (2 * shape.layerCount + 1) * shape.width + shape.layerCount * layerVectors
    return float * (table * (tiedHead ? 1 : 2) + vectors)
      + copies * operand * shape.layerCount * matrices.reduce(0, +) + head
  }

  /// The numbers of biases and of the norms of heads in a layer.
  private var layerVectors: Int {
    shape.attentionBias.projections.reduce(0) { $0 + shape.size(of: $1).outputs }
      + (shape.normalisesQueriesAndKeys ? 2 * shape.headWidth : 0)
  }

  /// A weight is read in single precision before it is packed; for the transposed weights, each
  /// thread has one laid out plainly.
  var packing: Int {
    guard packs else { return 0 }
    let largest = matrices.max() ?? 0
    let head = load.head != .chosenTokens ? operand * table : 0
    return lora == nil
      ? float * largest : max(float * largest, threads * operand * largest, head)
  }

  // MARK: LoRA

  /// The numbers of A and of B in one layer.
  private var pair: (a: Int, b: Int) {
    guard let lora else { return (0, 0) }
    return lora.targets.reduce(into: (a: 0, b: 0)) { total, target in
      total.a += lora.rank * shape.size(of: target).inputs
      total.b += lora.rank * shape.size(of: target).outputs
    }
  }

  /// Weights, two moments, the gradient of a group and that of the step; B once more transposed.
  var adapter: Int { float * shape.layerCount * (5 * (pair.a + pair.b) + pair.b) }

  /// What LoRA keeps of a row for the backward pass: x Aᵀ, and a bit of dropout for each input.
  private func updateRecord(_ isPart: (Projection) -> Bool) -> Int {
    guard let lora else { return 0 }
    return lora.targets.filter(isPart).reduce(0) { total, target in
      let bits = lora.dropout > 0 ? (shape.size(of: target).inputs + 63) / 64 * 8 : 0
      return total + float * lora.rank + bits
    }
  }

  // MARK: Activations

  /// A layer's, of a row: its input, keys and values, which recomputation starts from.
  private var keptForRecomputation: Int { float * shape.width + 2 * operand * shape.kvWidth }

  /// The rest of a layer's: of all rows, and behind keys and values of those that are asked for,
  /// which in the last layer are not all.
  private func record(ofLast isLast: Bool) -> Int {
    let below: Set<Projection> = [.query, .key, .value]
    let selected = isLast ? min(load.outputs, load.rows) : load.rows
    let heads = shape.normalisesQueriesAndKeys ? float * (shape.queryWidth + shape.kvWidth) : 0
    let lower = float + heads + updateRecord { below.contains($0) }
    let upper =
      float * (shape.width + 1 + shape.headCount)
      + 2 * operand * (shape.queryWidth + shape.feedForwardWidth)
      + updateRecord { !below.contains($0) }
    return load.rows * lower + selected * upper
  }

  /// What a pass keeps where the first layers are computed again, one of them at a time.
  func activations(recomputing layers: Int) -> Int {
    let count = shape.layerCount
    guard load.trains else {
      let row = 2 * operand * shape.kvWidth * count + float * shape.width
      // They grow by half.
      return load.rows * row * 3 / 2
    }
    let records = (layers..<count).reduce(0) { $0 + record(ofLast: $1 == count - 1) }
    let again = layers > 0 ? record(ofLast: count == 1) : 0
    return load.rows * count * keptForRecomputation + records + again
  }

  /// Hidden states before and after the last norm, with gradients; of the vocabulary's logits the
  /// gradient twice, as rows and as a matrix.
  var logits: Int {
    let hidden = float * load.outputs * shape.width * (load.trains ? 4 : 2)
    switch load.head {
    case .chosenTokens: return hidden
    // The mean of the vocabulary's weights under each soft-max.
    case .targets: return hidden + (load.trains ? float * load.outputs * shape.width : 0)
    case .vocabulary:
      return hidden + float * load.outputs * shape.vocabularySize * (load.trains ? 3 : 1)
    }
  }

  // MARK: Scratch

  /// What a pass needs while one layer is computed.
  var pass: Int {
    let (width, query, kv) = (shape.width, shape.queryWidth, shape.kvWidth)
    guard load.trains else {
      let row = float * (3 * width + shape.headCount + 2) + 2 * operand * query
      return load.rows * row + threads * tile
    }
    // Gradients of the residual stream and of attention; every thread sums those of keys apart.
    let row = float * (width + query + 2 * threads * kv) + operand * query
    return load.rows * row + threads * (tile + float * (pair.a + pair.b))
  }

  /// One thread's, see ``TileScratch``.
  private var tile: Int {
    let (width, query, kv) = (shape.width, shape.queryWidth, shape.kvWidth)
    let panel = shape.feedForwardPanels.first?.count ?? 0
    let forward =
      operand * (width + shape.feedForwardWidth + 2 * panel) + float * (query + 2 * kv + 2 * panel)
    let backward =
      operand * (width + query + 2 * kv + 2 * shape.feedForwardWidth + panel)
      + float * (width + query)
    let engine: MatrixEngine = packs ? .onednn : .openblas
    return min(engine.tileRows(precision), max(load.rows, 1))
      * (forward + (load.trains ? backward : 0)) + head(engine)
  }

  /// One thread's tile of logits, and what is an operand of products of it.
  private func head(_ engine: MatrixEngine) -> Int {
    let row: Int
    switch load.head {
    case .chosenTokens: return 0
    case .targets: row = (float + (load.trains ? operand : 0)) * shape.vocabularySize
    case .vocabulary:
      row = load.trains && precision != .f32 ? operand * shape.vocabularySize : 0
    }
    return min(engine.headTileRows(precision), max(load.outputs, 1)) * row
  }
}
