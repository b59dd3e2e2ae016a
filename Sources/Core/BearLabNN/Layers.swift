public import BearLabTensor

/// A part of a network, with the tensors that it trains.
public protocol Layer {
  /// The trained tensors by name, in a fixed order.
  var parameters: [(name: String, tensor: Tensor)] { get }
}

extension Layer {
  /// The trained tensors with a prefix before each name: `<prefix>/<name>`.
  public func parameters(under prefix: String) -> [(name: String, tensor: Tensor)] {
    parameters.map { ("\(prefix)/\($0.name)", $0.tensor) }
  }
}

/// y = x weightᵀ + bias.
public struct Linear: Layer {
  /// `[out, in]`.
  public let weight: Tensor
  /// `[out]`; nil for none.
  public let bias: Tensor?

  /// Takes weights over.
  public init(weight: Tensor, bias: Tensor?) {
    self.weight = weight
    self.bias = bias
  }

  /// Draws weights.
  ///
  /// - Parameters:
  ///   - inputs: the width of x.
  ///   - outputs: the width of y.
  ///   - weight: nil for PyTorch's, evenly within ±1/√in.
  ///   - bias: nil for PyTorch's, the same.
  ///   - hasBias: whether there is one.
  ///   - key: of the random numbers.
  public init(
    inputs: Int, outputs: Int, weight: Initializer? = nil, bias: Initializer? = nil,
    hasBias: Bool = true, key: UInt64
  ) {
    let standard = Initializer.linear(inputs: inputs)
    self.weight = (weight ?? standard)([outputs, inputs], key: CounterGenerator.mix(key, 0))
    self.bias = hasBias ? (bias ?? standard)([outputs], key: CounterGenerator.mix(key, 1)) : nil
  }

  /// `[n, out]`, of an x `[n, in]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias: bias) }

  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }
}

/// Layer normalisation, at first with weight 1 and bias 0.
public struct LayerNorm: Layer {
  /// `[width]`.
  public let weight: Tensor
  /// `[width]`.
  public let bias: Tensor
  public let epsilon: Float

  /// Takes weights over.
  public init(weight: Tensor, bias: Tensor, epsilon: Float) {
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  /// Creates weights of 1 and biases of 0.
  public init(width: Int, epsilon: Float = 1e-5) {
    self.init(
      weight: Initializer.ones([width], key: 0), bias: Initializer.zeros([width], key: 0),
      epsilon: epsilon)
  }

  /// `[n, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(weight: weight, bias: bias, epsilon: epsilon)
  }

  public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }
}

/// A table of vectors.
public struct Embedding: Layer {
  /// `[rows, width]`.
  public let table: Tensor

  /// Draws a table.
  public init(rows: Int, width: Int, initializer: Initializer, key: UInt64) {
    table = initializer([rows, width], key: key)
  }

  /// The vectors of some rows, `[indices, width]`; zeros for an index below 0.
  public func callAsFunction(_ indices: [Int]) -> Tensor { table.rows(at: indices) }

  public var parameters: [(name: String, tensor: Tensor)] { [("weight", table)] }
}
