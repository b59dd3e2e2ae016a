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
struct ForestPass {
  let shape: LanguageModelShape
  let rotary: RotaryTable
  /// `[n]`: of the nodes of this pass.
  let positions: [Int32]
  let pathKeys: [UInt64]
  let plan: AncestorPlan
  let adapter: LoRAAdapter?
  let dropout: DropoutKey?

  var rowCount: Int { positions.count }

  var geometry: AttentionGeometry {
    AttentionGeometry(
      heads: shape.headCount, kvHeads: shape.kvHeadCount, headWidth: shape.headWidth)
  }

  /// The columns of a projection in the stacked product that it is part of.
  func columns(of projection: Projection) -> Range<Int> {
    let start =
      switch projection {
      case .key: shape.queryWidth
      case .value: shape.queryWidth + shape.kvWidth
      case .up: shape.feedForwardWidth
      case .query, .output, .gate, .down: 0
      }
    return start..<start + shape.size(of: projection).outputs
  }

  /// A fresh matrix with a row for each node.
  func matrix(_ columns: Int, zeroed: Bool = false) -> Matrix {
    Matrix(rows: rowCount, columns: columns, zeroed: zeroed)
  }

  // MARK: LoRA

  /// Adds the low-rank updates of some projections of one input.
  ///
  /// - Returns: the low-rank activations, for the backward pass.
  func addLoRA(
    _ projections: [Projection], layer: Int, input: Matrix, to output: Matrix
  ) -> [Projection: Matrix] {
    guard let adapter else { return [:] }
    var low: [Projection: Matrix] = [:]
    for projection in projections {
      guard let pair = adapter.layers[layer][projection] else { continue }
      low[projection] = pair.add(
        dropped(input, layer: layer, projection: projection),
        to: output.columns(columns(of: projection)), scale: adapter.scale)
    }
    return low
  }

  /// The backward side of ``addLoRA(_:layer:input:to:)``.
  ///
  /// `dInput` is added to, where the gradient of the input is needed.
  func loraBackward(
    _ projections: [Projection], layer: Int, input: Matrix, dOutput: Matrix,
    low: [Projection: Matrix], dInput: Matrix?
  ) {
    guard let adapter else { return }
    for projection in projections {
      guard let pair = adapter.layers[layer][projection], let low = low[projection] else {
        continue
      }
      let dLow = pair.backward(
        dy: dOutput.columns(columns(of: projection)), low: low,
        x: dropped(input, layer: layer, projection: projection), scale: adapter.scale)
      guard let dInput else { continue }
      if let keys = dropoutKeys(layer: layer, projection: projection) {
        let masked = matrix(dInput.columns, zeroed: true)
        pair.addInputGradient(dLow, to: masked)
        Kernels.dropout(masked, rate: dropoutRate, keys: keys, into: masked)
        dInput.add(masked)
      } else {
        pair.addInputGradient(dLow, to: dInput)
      }
    }
  }

  private var dropoutRate: Float { Float(adapter?.settings.dropout ?? 0) }

  private func dropped(_ input: Matrix, layer: Int, projection: Projection) -> Matrix {
    guard let keys = dropoutKeys(layer: layer, projection: projection) else { return input }
    let output = matrix(input.columns)
    Kernels.dropout(input, rate: dropoutRate, keys: keys, into: output)
    return output
  }

  /// A key for each node, or nil where nothing is dropped.
  private func dropoutKeys(layer: Int, projection: Projection) -> [UInt64]? {
    guard let dropout, dropoutRate > 0 else { return nil }
    let place = UInt64(layer) << 8 | UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)
    let key = CounterGenerator.mix(dropout.key, place)
    return pathKeys.map { CounterGenerator.mix(key, $0) }
  }
}
