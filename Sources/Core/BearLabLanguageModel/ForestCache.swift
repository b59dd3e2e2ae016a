public import BearLabNN
public import BearLabTensor

/// A forest that grows, with the keys and values of its nodes: what decoding works on.
public final class ForestCache {
  private let model: LanguageModel
  /// Laid out once: the adapter's weights must not change while they are in use here.
  private let updates: [LayerUpdate]?
  private let dropout: DropoutKey?
  private let dropoutRate: Float
  /// The nodes; insert new ones here, and ask for their hidden states.
  public var forest = TokenForest()
  /// The vectors of the slots of nodes that are not computed yet.
  public var injected: InjectedVectors?
  /// Nodes whose keys and values are there.
  private var computed = 0
  private var layers: [(keys: Operand, values: Operand)]
  /// `[capacity, D]`, before the last norm.
  private var residual: Matrix
  /// Of the nodes that a pass of training computed, those whose hidden states are there; nil for all.
  private var adopted: (count: Int, nodes: Set<Int>)?

  /// An empty cache, for one state of the adapter's weights: make another when they have changed.
  ///
  /// - Parameters:
  ///   - model: the frozen language model.
  ///   - adapter: the LoRA weights.
  ///   - dropout: the key of a training step, whose masks are applied; nil for no dropout.
  ///   - injected: the vectors of slots.
  public init(
    model: LanguageModel, adapter: LoRAAdapter?, dropout: DropoutKey? = nil,
    injected: InjectedVectors? = nil
  ) {
    self.model = model
    self.dropout = dropout
    dropoutRate = Float(adapter?.settings.dropout ?? 0)
    updates = adapter.map { LayerUpdate.all($0) }
    self.injected = injected
    let shape = model.shape
    let empty = Operand(rows: 0, columns: shape.kvWidth, precision: model.precision)
    layers = (0..<shape.layerCount).map { _ in (empty, empty) }
    residual = Matrix(rows: 0, columns: shape.width)
  }

  /// The hidden states of some nodes after the last norm, `[nodes, D]`; a constant to the tape.
  ///
  /// Nodes that are new since the last call are run through the transformer in one go.
  ///
  /// - Throws: ``LanguageModelError`` for a path longer than the context or an unknown token.
  public func hiddenStates(of nodes: [Int]) throws -> Tensor {
    if computed < forest.count { try computeNewNodes() }
    if let adopted {
      precondition(
        nodes.allSatisfy { $0 >= adopted.count || adopted.nodes.contains($0) },
        "the hidden state of a node that the training pass was not asked for")
    }
    let rows = Matrix(rows: nodes.count, columns: model.shape.width)
    rows.gatherRows(nodes, of: residual)
    return Tensor(buffer: model.finalNorm(rows).0.buffer, shape: [nodes.count, model.shape.width])
  }

  /// Forgets all nodes from `count` on; their memory is kept for others.
  public func truncate(to count: Int) {
    forest.truncate(to: count)
    computed = min(computed, count)
  }

  /// Takes over what a pass over a whole forest computed, so that the forest can grow from there.
  ///
  /// - Parameters:
  ///   - forest: the nodes.
  ///   - layers: keys and values of all nodes; they are not changed.
  ///   - last: `[nodes, D]`, the residual stream behind the last block.
  ///   - nodes: which nodes the rows of `last` are of.
  func adopt(_ forest: TokenForest, layers: [KeyValueRows], last: Matrix, of nodes: [Int]) {
    self.forest = forest
    computed = forest.count
    self.layers = layers.map { ($0.keys, $0.values) }
    residual = Matrix(rows: forest.count, columns: model.shape.width)
    for (row, node) in nodes.enumerated() {
      residual.rows(node..<node + 1).copy(from: last.rows(row..<row + 1))
    }
    adopted = (forest.count, Set(nodes))
  }

  private func computeNewNodes() throws {
    let pass = try model.makePass(
      forest, from: computed, updates: updates, dropout: dropout, dropoutRate: dropoutRate)
    reserve(forest.count)
    var x = model.embed(forest, from: computed, injected: injected)
    let new = computed..<forest.count
    for (layer, block) in model.weights.blocks.enumerated() {
      let visible = KeyValueRows(
        keys: layers[layer].keys, values: layers[layer].values, first: computed)
      x =
        Block(layer: layer, weights: block, pass: pass).forward(x, visible: visible, keeps: false)
        .output
    }
    residual.rows(new).copy(from: x)
    computed = forest.count
  }

  private func reserve(_ count: Int) {
    guard count > residual.rows else { return }
    let capacity = max(count, residual.rows * 3 / 2)
    // One at a time, so that only one is there twice.
    for layer in layers.indices {
      layers[layer].keys = grown(layers[layer].keys, to: capacity)
      layers[layer].values = grown(layers[layer].values, to: capacity)
    }
    residual = grown(residual, to: capacity)
  }

  private func grown(_ operand: Operand, to rows: Int) -> Operand {
    let larger = Operand(rows: rows, columns: operand.columns, precision: operand.precision)
    larger.rows(0..<computed).copy(from: operand.rows(0..<computed))
    return larger
  }

  private func grown(_ matrix: Matrix, to rows: Int) -> Matrix {
    let larger = Matrix(rows: rows, columns: matrix.columns)
    larger.rows(0..<computed).copy(from: matrix.rows(0..<computed))
    return larger
  }
}
