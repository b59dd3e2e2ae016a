public import BearLabTensor

/// A linear layer of a transformer block that LoRA can be put on.
public enum Projection: String, Sendable, CaseIterable, Hashable {
  case query = "q_proj"
  case key = "k_proj"
  case value = "v_proj"
  case output = "o_proj"
  case gate = "gate_proj"
  case up = "up_proj"
  case down = "down_proj"
}

/// Low-rank adaptation's settings (Hu et al., 2022), with PEFT's defaults of the BEAR code.
public struct LoRASettings: Sendable, Hashable {
  public var rank: Int
  /// The update is scaled by alpha / rank.
  public var alpha: Double
  /// The share of the inputs to A that is dropped in training.
  public var dropout: Double
  public var targets: Set<Projection>

  /// Creates settings.
  public init(
    rank: Int = 8, alpha: Double = 16, dropout: Double = 0.05,
    targets: Set<Projection> = [.query, .value]
  ) {
    self.rank = rank
    self.alpha = alpha
    self.dropout = dropout
    self.targets = targets
  }
}

/// The low-rank update of one linear layer: y += scale · B A x.
public final class LoRAPair {
  /// `[rank, in]`.
  public let a: Tensor
  /// `[out, rank]`.
  public let b: Tensor
  /// alpha / rank, or alpha / √rank where ranks are stabilised so; not trained.
  public let scale: Float

  /// Creates the pair from its numbers.
  public init(a: Tensor, b: Tensor, scale: Float) {
    precondition(
      a.shape.count == 2 && b.shape.count == 2 && a.shape[0] == b.shape[1],
      "A has shape \(a.shape), B \(b.shape)")
    self.a = a
    self.b = b
    self.scale = scale
  }

  public var rank: Int { a.shape[0] }
  package var inputs: Int { a.shape[1] }
  package var outputs: Int { b.shape[0] }
}

/// The trained LoRA weights of a model.
public final class LoRAAdapter {
  /// Dropout and targets; rank and alpha of fresh weights.
  ///
  /// Weights from elsewhere may have another rank and scale in each pair: the rank here is then the
  /// largest.
  public let settings: LoRASettings
  /// One dictionary a layer.
  public let layers: [[Projection: LoRAPair]]

  /// Creates fresh weights as PEFT does: A uniform within ±1/√in, B zero.
  ///
  /// - Parameters:
  ///   - settings: rank, alpha, dropout and targets.
  ///   - layerCount: the model's.
  ///   - sizes: inputs and outputs of each projection.
  ///   - seed: of A; each pair's numbers depend on nothing but seed, layer and projection.
  public convenience init(
    settings: LoRASettings, layerCount: Int,
    sizes: (Projection) -> (inputs: Int, outputs: Int), seed: UInt64
  ) {
    self.init(settings: settings, layerCount: layerCount, sizes: sizes) {
      layer, projection, count in
      let inputs = sizes(projection).inputs
      var random = CounterGenerator(
        key: CounterGenerator.mix(
          seed, UInt64(layer) << 8 | UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)))
      let bound = 1 / Float(inputs).squareRoot()
      return (0..<count).map { _ in Float.random(in: -bound...bound, using: &random) }
    }
  }

  /// Creates weights with given A, B zero.
  public init(
    settings: LoRASettings, layerCount: Int,
    sizes: (Projection) -> (inputs: Int, outputs: Int),
    initialA: (_ layer: Int, _ projection: Projection, _ count: Int) -> [Float]
  ) {
    self.settings = settings
    layers = (0..<layerCount).map { layer in
      var pairs: [Projection: LoRAPair] = [:]
      for projection in settings.targets {
        let (inputs, outputs) = sizes(projection)
        let numbers = initialA(layer, projection, settings.rank * inputs)
        pairs[projection] = LoRAPair(
          a: Tensor(numbers, shape: [settings.rank, inputs], requiresGradient: true),
          b: Tensor(zeros: [outputs, settings.rank], requiresGradient: true),
          scale: Float(settings.alpha / Double(settings.rank)))
      }
      return pairs
    }
  }

  /// The weights as they are now, without gradients.
  public func frozen() -> LoRAAdapter {
    LoRAAdapter(
      settings: settings,
      layers: layers.map { pairs in
        pairs.mapValues { pair in
          LoRAPair(
            a: Tensor(pair.a.scalars, shape: pair.a.shape),
            b: Tensor(pair.b.scalars, shape: pair.b.shape), scale: pair.scale)
        }
      })
  }

  /// Takes weights from elsewhere; ranks, scales and targets may differ between layers.
  public init(settings: LoRASettings, layers: [[Projection: LoRAPair]]) {
    self.settings = settings
    self.layers = layers
  }

  /// Every trained tensor with the name that checkpoints give it: `<layer>/<projection>/A` and `B`.
  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { layer, pairs in
      Projection.allCases.flatMap { projection -> [(name: String, tensor: Tensor)] in
        guard let pair = pairs[projection] else { return [] }
        let name = "\(layer)/\(projection.rawValue)"
        return [("\(name)/A", pair.a), ("\(name)/B", pair.b)]
      }
    }
  }
}
