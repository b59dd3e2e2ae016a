public import BearLabNN
public import BearLabTensor

/// A decoder-only transformer over token forests, with frozen weights.
///
/// A plain causal sequence is a forest with one path, and gives the same numbers. Nothing that two
/// paths share is computed twice, forwards or backwards.
public final class LanguageModel {
  public let shape: LanguageModelShape
  /// Of the frozen weights and of the operands of products.
  public let precision: Precision
  /// The most memory that the process should take, in bytes; 0 for all that there is.
  ///
  /// Layers whose activations do not fit are computed again in the backward pass, which changes no
  /// number.
  public var memoryLimit = 0
  /// What the process holds besides the model and its passes, in bytes, which counts to the limit.
  public var otherBytes = 0
  private let tiedHead: Bool
  let weights: TransformerWeights
  /// Grown when a longer path comes: a file may claim a context of any length.
  private var rotary: RotaryTable

  /// Reads the weights straight to where they stay, or to where they are packed from.
  ///
  /// - Parameters:
  ///   - shape: the sizes.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights and of the operands of products.
  ///   - fill: writes all of a weight's numbers, row-major; called once for each.
  /// - Throws: what `fill` throws.
  public init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision = .f32,
    fill: (WeightName, inout MutableSpan<Float>) throws -> Void
  ) throws {
    self.shape = shape
    self.precision = precision
    self.tiedHead = tiedHead
    weights = try TransformerWeights(
      shape: shape, tiedHead: tiedHead, precision: precision, fill: fill)
    rotary = RotaryTable(positions: 0, inverseFrequencies: shape.inverseFrequencies)
  }

  /// Copies the weights from arrays, which takes the memory of one more.
  ///
  /// - Parameters:
  ///   - shape: the sizes.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights and of the operands of products.
  ///   - read: gives a weight's numbers, row-major; called once for each.
  /// - Throws: ``LanguageModelError/wrongSize(weight:count:expected:)``, or what `read` throws.
  public convenience init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision = .f32,
    read: (WeightName) throws -> [Float]
  ) throws {
    try self.init(shape: shape, tiedHead: tiedHead, precision: precision) { name, target in
      let numbers = try read(name)
      guard numbers.count == target.count else {
        throw LanguageModelError.wrongSize(
          weight: "\(name)", count: numbers.count, expected: target.count)
      }
      target.withUnsafeMutableBufferPointer { _ = $0.update(from: numbers) }
    }
  }

  /// Fresh LoRA weights for this model.
  public func makeAdapter(_ settings: LoRASettings, seed: UInt64) -> LoRAAdapter {
    LoRAAdapter(
      settings: settings, layerCount: shape.layerCount, sizes: shape.size(of:), seed: seed)
  }

  /// `[D]`: the mean of the vocabulary's embeddings.
  public var meanEmbedding: [Float] { weights.embedding.columnMeans }

  /// The hidden states of some nodes after the last norm, on the tape.
  ///
  /// - Parameters:
  ///   - nodes: which nodes of `forest`; one may come twice.
  ///   - forest: the tokens.
  ///   - adapter: the LoRA weights, which get gradients.
  ///   - dropout: the step's key; nil for no dropout.
  ///   - injected: the vectors of the forest's slots.
  ///   - head: which logits of `nodes` follow, whose memory counts to the limit.
  ///   - cache: an empty one for the same adapter and dropout, which takes over the keys and values of
  ///     all nodes and the hidden states of `nodes`; nil where nobody goes on from there.
  /// - Returns: `[nodes, D]`.
  /// - Throws: ``LanguageModelError`` for a path longer than the context, an unknown token, or a
  ///   limit on memory that cannot be kept.
  public func hiddenStates(
    of nodes: [Int], in forest: TokenForest, adapter: LoRAAdapter? = nil,
    dropout: DropoutKey? = nil, injected: InjectedVectors? = nil,
    head: MemoryPlan.Head = .chosenTokens,
    keeping cache: ForestCache? = nil
  ) throws -> Tensor {
    let pass = try makePass(
      forest, from: 0, updates: adapter.map { LayerUpdate.all($0) }, dropout: dropout,
      dropoutRate: Float(adapter?.settings.dropout ?? 0))
    let parameters = adapter?.parameters.map(\.tensor) ?? []
    let isRecorded =
      parameters.contains(where: \.requiresGradient) || injected?.vectors.requiresGradient == true
    var x = embed(forest, from: 0, injected: injected)
    let wanted = Set(nodes).sorted()
    let selection = wanted.count < pass.rowCount ? select(wanted, of: forest, pass) : nil
    let recomputed =
      isRecorded
      ? try recomputedLayers(
        MemoryPlan.Load(
          rows: pass.rowCount, outputs: nodes.count, head: head, trains: true),
        lora: adapter?.settings) : 0
    var layers: [KeptLayer] = []
    var seen: [KeyValueRows] = []
    for (layer, weights) in weights.blocks.enumerated() {
      let isLast = layer == shape.layerCount - 1
      let block = Block(
        layer: layer, weights: weights, pass: pass, selection: isLast ? selection : nil)
      let visible = KeyValueRows(
        keys: pass.operand(shape.kvWidth), values: pass.operand(shape.kvWidth), first: 0)
      let keeps = isRecorded && layer >= recomputed
      let (output, record) = block.forward(x, visible: visible, keeps: keeps)
      if cache != nil { seen.append(visible) }
      if isRecorded {
        layers.append(
          KeptLayer(block: block, visible: visible, input: x, record: keeps ? record : nil))
      }
      x = output
    }
    // Where each node's row is behind the last block.
    let rows = selection?.places(of: nodes) ?? nodes
    let last = x.gathered(rows)
    cache?.adopt(forest, layers: seen, last: last, of: nodes)
    let (hidden, inverseRMS) = finalNorm(last)
    return Tensor.result(
      hidden.buffer, shape: [nodes.count, shape.width],
      of: parameters + (injected.map { [$0.vectors] } ?? [])
    ) { [self] result in
      guard let upper = result.gradientBuffer else { return }
      let dLast = Matrix(rows: nodes.count, columns: shape.width, zeroed: true)
      Kernels.rmsNormBackward(
        last, weight: weights.finalNorm, inverseRMS: inverseRMS,
        dy: Matrix(upper, rows: nodes.count, columns: shape.width), addingTo: dLast)
      let gradient = Matrix(
        rows: (selection?.pass ?? pass).rowCount, columns: shape.width, zeroed: true)
      gradient.scatterAddRows(rows, of: dLast)
      Profile.backward {
        backward(gradient, layers: layers, forest: forest, injected: injected)
      }
    }
  }

  /// How many of the first layers are to be computed again in the backward pass.
  private func recomputedLayers(
    _ load: MemoryPlan.Load, lora: LoRASettings?
  ) throws(LanguageModelError) -> Int {
    guard memoryLimit > 0 else { return 0 }
    return try MemoryPlan(
      shape: shape, tiedHead: tiedHead, precision: precision, threads: Compute.threads, load: load,
      lora: lora, limit: memoryLimit, otherBytes: otherBytes
    ).recomputedLayers
  }

  private func backward(
    _ gradient: Matrix, layers: [KeptLayer], forest: TokenForest, injected: InjectedVectors?
  ) {
    weights.prepareBackward()
    let slots = injected?.vectors.gradientForAdding()
    let gradients = layers.first.flatMap { layer in
      layer.block.pass.updates.map {
        LayerUpdateGradients($0, threads: layer.block.pass.threads)
      }
    }
    var gradient = gradient
    for (layer, kept) in layers.enumerated().reversed() {
      let record =
        kept.record
        ?? kept.block.forward(kept.input, visible: kept.visible, keeps: true).record
      gradient = kept.block.backward(
        record, visible: kept.visible, gradient: gradient, gradients: gradients,
        needsInput: layer > 0 || slots != nil)
    }
    guard let slots, let injected else { return }
    let rows = forest.elements.indices.filter { forest.elements[$0].slot != nil }
    let own = Matrix(rows: rows.count, columns: shape.width)
    own.gatherRows(rows, of: gradient)
    Matrix(slots, rows: injected.vectors.shape[0], columns: shape.width).scatterAddRows(
      rows.map { injected.row(of: forest.elements[$0]) }, of: own)
  }

  /// The logits of chosen tokens, `[total]`: tokens `columns[i]` behind hidden state i.
  public func logits(of hidden: Tensor, columns: [ArraySlice<Int32>]) -> Tensor {
    weights.head.logits(of: hidden, columns: columns)
  }

  /// The logits of the whole vocabulary, `[n, V]`.
  public func vocabularyLogits(of hidden: Tensor) -> Tensor {
    weights.head.vocabularyLogits(of: hidden)
  }

  /// The log-probabilities of tokens over the whole vocabulary, in nats, on the tape.
  ///
  /// The same as a log soft-max of ``vocabularyLogits(of:)`` up to rounding, of which only a tile is
  /// ever in memory.
  ///
  /// - Parameters:
  ///   - hidden: `[m, D]`.
  ///   - rows: `[n]`, the hidden state behind which each token stands; several may share one.
  ///   - targets: `[n]`, the tokens.
  /// - Returns: `[n]`.
  public func targetLogProbabilities(
    of hidden: Tensor, rows: [Int], targets: [Int32]
  ) -> Tensor {
    weights.head.targetLogProbabilities(of: hidden, rows: rows, targets: targets)
  }

  /// Some nodes of a pass over a whole forest as a pass of their own.
  private func select(_ nodes: [Int], of forest: TokenForest, _ pass: ForestPass) -> NodeSelection {
    let plan = AncestorPlan()
    var rest = nodes.indices[...]
    for chain in forest.chains(from: 0) {
      while let first = rest.first, chain.nodes.contains(nodes[first]) {
        // A run of consecutive nodes of the chain.
        let run = rest.prefix {
          nodes[$0] - nodes[first] == $0 - first && chain.nodes.contains(nodes[$0])
        }
        let above = chain.nodes.lowerBound..<nodes[first]
        plan.addChain(
          queryRows: run.startIndex..<run.endIndex,
          ancestors: chain.ancestors + (above.isEmpty ? [] : [above]), ownStart: nodes[first])
        rest = rest[run.endIndex...]
      }
    }
    return NodeSelection(rows: nodes, pass: pass.selecting(nodes, plan: plan))
  }

  // MARK: Shared with the cache

  func makePass(
    _ forest: TokenForest, from first: Int, updates: [LayerUpdate]?, dropout: DropoutKey? = nil,
    dropoutRate: Float = 0
  ) throws(LanguageModelError) -> ForestPass {
    let longest = forest.positions.max().map { Int($0) + 1 } ?? 0
    guard longest <= shape.contextLength else {
      throw .tooLong(positions: longest, contextLength: shape.contextLength)
    }
    for element in forest.elements[first...] where element.slot == nil {
      guard element.token >= 0, Int(element.token) < shape.vocabularySize else {
        throw .unknownToken(token: Int(element.token), vocabularySize: shape.vocabularySize)
      }
    }
    let plan = AncestorPlan()
    for chain in forest.chains(from: first) {
      plan.addChain(
        queryRows: chain.nodes.lowerBound - first..<chain.nodes.upperBound - first,
        ancestors: chain.ancestors, ownStart: chain.nodes.lowerBound)
    }
    return ForestPass(
      shape: shape, precision: precision, rotary: rotaryTable(positions: longest),
      positions: Array(forest.positions[first...]),
      pathKeys: Array(forest.pathKeys[first...]), plan: plan, updates: updates, dropout: dropout,
      dropoutRate: dropoutRate)
  }

  private func rotaryTable(positions: Int) -> RotaryTable {
    if positions > rotary.positions {
      rotary = RotaryTable(
        positions: min(max(positions, 2 * rotary.positions), shape.contextLength),
        inverseFrequencies: shape.inverseFrequencies)
    }
    return rotary
  }

  func embed(_ forest: TokenForest, from first: Int, injected: InjectedVectors?) -> Matrix {
    let rows = forest.elements[first...]
    let x = Matrix(rows: rows.count, columns: shape.width)
    x.gatherRows(rows.map { $0.slot == nil ? Int($0.token) : 0 }, of: weights.embedding)
    if let injected {
      let vectors = Matrix(
        injected.vectors.buffer, rows: injected.vectors.shape[0], columns: shape.width)
      for (row, element) in rows.enumerated() where element.slot != nil {
        let place = injected.row(of: element)
        x.rows(row..<row + 1).copy(from: vectors.rows(place..<place + 1))
      }
    }
    return x
  }

  func finalNorm(_ x: Matrix) -> (Matrix, Buffer) {
    let output = Matrix(rows: x.rows, columns: x.columns)
    let inverseRMS = Buffer(count: x.rows, zeroed: false)
    Kernels.rmsNorm(
      x, weight: weights.finalNorm, epsilon: shape.normEpsilon, into: Operand(output),
      inverseRMS: inverseRMS)
    return (output, inverseRMS)
  }
}

/// What the forward pass keeps of one layer.
private struct KeptLayer {
  let block: Block
  let visible: KeyValueRows
  let input: Matrix
  /// Nil where it is computed again.
  let record: BlockRecord?
}

/// The vectors of a forest's slots.
public struct InjectedVectors {
  /// `[slots, D]`, on the tape.
  public let vectors: Tensor
  private let rows: [Int: Int]

  /// Creates the vectors; `slots` has the slot number of each row.
  public init(slots: [Int], vectors: Tensor) {
    precondition(
      vectors.shape.count == 2 && vectors.shape[0] == slots.count,
      "\(slots.count) slots, vectors of shape \(vectors.shape)")
    self.vectors = vectors
    rows = Dictionary(slots.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func row(of element: TokenForest.Element) -> Int {
    guard let slot = element.slot, let row = rows[slot] else {
      preconditionFailure("no vector for slot \(element.slot ?? -1)")
    }
    return row
  }
}
