public import BearLabNN
public import BearLabTensor

/// A layer of gated recurrent units over item embeddings.
///
///     h_t = GRU(drop(E[S_t]), h_{t-1});   o = h at the last item, or a linear layer of it
///
/// Histories are run without padding, so what comes with one changes nothing.
public final class GatedRecurrentEncoder: ItemInputEncoder {
  /// What the published code bases differ in.
  public enum Variant: String, Sendable {
    /// YangZhengyi98/DROS: two bias vectors, as wide as the embeddings, an output layer of its own.
    case dros
    /// RUCAIBox/RecBole: twice as wide, no biases, a linear layer back, scores by the embeddings.
    case recbole
  }

  private let items: Embedding
  private let input: Linear
  private let recurrent: Linear
  private let dense: Linear?
  private let own: Linear?
  private let dropoutRate: Float

  /// Draws the weights.
  ///
  /// - Parameters:
  ///   - variant: of which code.
  ///   - count: of items.
  ///   - width: of the embeddings.
  ///   - hidden: of the recurrent states; nil for the variant's.
  ///   - dropoutRate: of the embeddings.
  ///   - key: of the random numbers.
  public init(
    _ variant: Variant, items count: Int, width: Int, hidden: Int? = nil, dropoutRate: Float,
    key: UInt64
  ) {
    func own(_ index: UInt64) -> UInt64 { CounterGenerator.mix(key, index) }
    let isRecBole = variant == .recbole
    let hidden = hidden ?? (isRecBole ? 2 * width : width)
    items = Embedding(
      rows: count, width: width,
      initializer: isRecBole ? .xavierNormal : .normal(deviation: 0.01), key: own(0))
    // PyTorch draws all of a GRU from 1/√hidden, also what the inputs are multiplied by.
    let gates: Initializer = isRecBole ? .xavierUniform : .linear(inputs: hidden)
    input = Linear(
      inputs: width, outputs: 3 * hidden, weight: gates, bias: gates, hasBias: !isRecBole,
      key: own(1))
    recurrent = Linear(
      inputs: hidden, outputs: 3 * hidden, weight: gates, bias: gates, hasBias: !isRecBole,
      key: own(2))
    dense = isRecBole ? Linear(inputs: hidden, outputs: width, key: own(3)) : nil
    self.own = isRecBole ? nil : Linear(inputs: hidden, outputs: count, key: own(4))
    self.dropoutRate = dropoutRate
  }

  public var itemTable: Tensor { items.table }
  public var itemAddend: ItemAddend?
  public var head: Linear { own ?? Linear(weight: items.table, bias: nil) }

  public var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + input.parameters(under: "input")
      + recurrent.parameters(under: "recurrent") + (dense?.parameters(under: "dense") ?? [])
      + (own?.parameters(under: "head") ?? [])
  }

  /// The last outputs; `positions` is not looked at.
  public func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let filled = histories.map { $0.isEmpty ? [0] : $0 }
    // Longest first, so that those with a step t are the first ones.
    let order = filled.indices.sorted { (filled[$1].count, $0) < (filled[$0].count, $1) }
    let steps = order.first.map { filled[$0].count } ?? 0
    let active = (0..<steps).map { step in order.count { filled[$0].count > step } }
    let indices = (0..<steps).flatMap { step in
      order.prefix(active[step]).map { filled[$0][step] - 1 }
    }
    let gates = input(dropout(embedded(items, indices), dropoutRate))
    let offsets = RaggedRows.offsets(ofLengths: active)
    var hidden = Tensor(zeros: [active.first ?? 0, recurrent.weight.shape[1]])
    // Those whose last step it was, from the longest on.
    var finished: [Tensor] = []
    for step in 0..<steps {
      if active[step] < hidden.shape[0] {
        finished.append(hidden.rows(at: Array(active[step]..<hidden.shape[0])))
        hidden = hidden.rows(at: Array(0..<active[step]))
      }
      hidden = hidden.gruStep(
        input: gates.rows(at: Array(offsets[step]..<offsets[step + 1])),
        recurrent: recurrent(hidden))
    }
    let sorted = Tensor.concatenatingRows([hidden] + finished.reversed())
    var places = [Int](repeating: 0, count: order.count)
    for (place, index) in order.enumerated() { places[index] = place }
    let outputs = sorted.rows(at: places)
    return dense.map { $0(outputs) } ?? outputs
  }
}
