internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// Settings of stage 1.
struct AlignmentSettings: Sendable {
  static let parameters: [Parameter] = [
    .integer("code-width", default: 128, in: 1...65_536, "width of the space of items and texts"),
    .integer("alignment-epochs", default: 10, in: 1..., "of stage 1"),
    .integer("alignment-batch-size", default: 32, in: 1..., unit: "rows", "of stage 1"),
    .real("alignment-learning-rate", default: 1e-4, in: 0...10, "of stage 1"),
    .real("match-weight", default: 1, in: 0..., "of the loss that matches codes"),
    .real("item-weight", default: 0.5, in: 0..., "of the loss that reconstructs items"),
    .real("text-weight", default: 0.2, in: 0..., "of the loss that reconstructs texts"),
  ]

  let codeWidth: Int
  let epochs: Int
  let batchSize: Int
  let learningRate: Double
  let matchWeight: Float
  let itemWeight: Float
  let textWeight: Float

  /// Reads ``parameters``.
  init(_ values: ParameterValues) throws {
    codeWidth = try values["code-width"]
    epochs = try values["alignment-epochs"]
    batchSize = try values["alignment-batch-size"]
    learningRate = try values["alignment-learning-rate"]
    matchWeight = try values["match-weight"]
    itemWeight = try values["item-weight"]
    textWeight = try values["text-weight"]
  }
}

/// An auto-encoder with one hidden layer, whose hidden layer is the code.
///
///     code = σ(W₁ x + b₁)      reconstruction = W₂ code + b₂
struct CodeNetwork: Layer {
  /// `[code, width]`.
  let encoder: Linear
  /// `[width, code]`.
  let decoder: Linear

  /// `[n, code]`, of an x `[n, width]`.
  func code(_ x: Tensor) -> Tensor { encoder(x).sigmoid() }

  /// `[n, width]`, of codes `[n, code]`.
  func reconstruction(_ code: Tensor) -> Tensor { decoder(code) }

  var parameters: [(name: String, tensor: Tensor)] {
    encoder.parameters(under: "encoder") + decoder.parameters(under: "decoder")
  }
}

/// What stage 1 trains: f_I for items and f_T for texts.
struct AlignmentNetworks: Layer {
  let items: CodeNetwork
  let texts: CodeNetwork

  var itemWidth: Int { items.encoder.weight.shape[1] }

  /// Draws weights as PyTorch's linear layer does.
  init(itemWidth: Int, textWidth: Int, settings: AlignmentSettings, seed: UInt64) {
    let key = CounterGenerator.mix(seed, 0x616C_6967_6E)
    func network(_ width: Int, _ place: UInt64) -> CodeNetwork {
      CodeNetwork(
        encoder: Linear(
          inputs: width, outputs: settings.codeWidth, key: CounterGenerator.mix(key, place)),
        decoder: Linear(
          inputs: settings.codeWidth, outputs: width, key: CounterGenerator.mix(key, place + 1)))
    }
    items = network(itemWidth, 0)
    texts = network(textWidth, 2)
  }

  /// Takes the weights that were stored; nothing is trained any more.
  ///
  /// - Throws: ``StoredTensorError``.
  init(_ stored: StoredTensors, settings: AlignmentSettings) throws(StoredTensorError) {
    func network(_ name: String) throws(StoredTensorError) -> CodeNetwork {
      let key = "\(name)/encoder/weight"
      guard let width = stored.entries[key]?.shape.last else { throw .missing(key) }
      func linear(_ part: String, _ shape: [Int]) throws(StoredTensorError) -> Linear {
        Linear(
          weight: Tensor(
            try stored.values("\(name)/\(part)/weight", shape: shape), shape: shape),
          bias: Tensor(
            try stored.values("\(name)/\(part)/bias", shape: [shape[0]]), shape: [shape[0]]))
      }
      return CodeNetwork(
        encoder: try linear("encoder", [settings.codeWidth, width]),
        decoder: try linear("decoder", [width, settings.codeWidth]))
    }
    items = try network("items")
    texts = try network("texts")
  }

  var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items") + texts.parameters(under: "texts")
  }
}
