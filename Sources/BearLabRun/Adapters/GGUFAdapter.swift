internal import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor

/// LoRA weights in a GGUF file, as llama.cpp loads them with `--lora`.
///
///     general.type = adapter, adapter.type = lora, general.architecture = the base's
///     adapter.lora.alpha        α, of all pairs: y += α / rank · B A x
///     <base tensor>.lora_a      [rank, in]
///     <base tensor>.lora_b      [out, rank]; rows of Q and K in ggml's order where the base's are
///
/// - Source: ggml-org/llama.cpp, `convert_lora_to_gguf.py` and `src/llama-adapter.cpp`.
enum GGUFAdapter {
  /// The model's side of the layout.
  struct Base {
    let architecture: ModelArchitecture
    let shape: LanguageModelShape

    /// The heads whose rows are interleaved; nil for a projection that is stored as it is.
    func interleavedHeads(_ projection: Projection) -> Int? {
      guard architecture == .llama else { return nil }
      switch projection {
      case .query: return shape.headCount
      case .key: return shape.kvHeadCount
      default: return nil
      }
    }
  }

  private static let alphaKey = "adapter.lora.alpha"

  /// Writes the weights; a scale that is not α / rank goes into B.
  ///
  /// - Throws: `FileError`.
  static func write(_ adapter: LoRAAdapter, for base: Base, to path: String) throws {
    let pairs = adapter.pairs
    // llama.cpp takes α = 0 for a scale of 1.
    let alpha = pairs.lazy.map { $0.pair.scale * Float($0.pair.rank) }.first { $0 != 0 } ?? 1
    var numbers: [String: () -> [Float]] = [:]
    var outlines: [TensorOutline] = []
    for (place, pair) in pairs {
      let (a, b) = names(place)
      outlines.append(TensorOutline(name: a, shape: pair.a.shape))
      outlines.append(TensorOutline(name: b, shape: pair.b.shape))
      numbers[a] = { pair.a.scalars }
      numbers[b] = { outputs(pair, alpha: alpha, heads: base.interleavedHeads(place.projection)) }
    }
    try GGUFWriter.write(
      to: path,
      metadata: [
        ("general.architecture", .string(base.architecture.rawValue)),
        ("general.type", .string("adapter")),
        ("adapter.type", .string("lora")), (alphaKey, .float32(alpha)),
      ], tensors: outlines
    ) { numbers[$0.name]?() ?? [] }
  }

  private static func outputs(_ pair: LoRAPair, alpha: Float, heads: Int?) -> [Float] {
    let factor = pair.scale / (alpha / Float(pair.rank))
    // Rounding may leave a factor beside 1 where the two are the same.
    let b = abs(factor - 1) < 1e-6 ? pair.b.scalars : pair.b.scalars.map { $0 * factor }
    guard let heads else { return b }
    return LlamaWeights.permuteRotaryRows(
      b, heads: heads, rows: pair.b.shape[0], columns: pair.rank)
  }

  /// Reads weights back, as llama.cpp understands them.
  ///
  /// - Throws: `GGUFError`.
  static func read(
    _ path: String, for base: Base, settings: LoRASettings
  ) throws -> LoRAAdapter {
    let file = try GGUFFile(path: path)
    let alpha = Float(try file.real(alphaKey))
    var layers = [[Projection: LoRAPair]](repeating: [:], count: base.shape.layerCount)
    for layer in layers.indices {
      for projection in Projection.allCases {
        let (a, b) = names(PEFTAdapter.Place(layer: layer, projection: projection))
        guard let rank = file.tensors[a]?.shape.first else { continue }
        let size = base.shape.size(of: projection)
        var outputs = try file.floats(of: b, shape: [size.outputs, rank])
        if let heads = base.interleavedHeads(projection) {
          outputs = LlamaWeights.unpermuteRotaryRows(
            outputs, heads: heads, rows: size.outputs, columns: rank)
        }
        layers[layer][projection] = LoRAPair(
          a: Tensor(
            try file.floats(of: a, shape: [rank, size.inputs]), shape: [rank, size.inputs]),
          b: Tensor(outputs, shape: [size.outputs, rank]), scale: alpha / Float(rank))
      }
    }
    return LoRAAdapter(settings: settings, layers: layers)
  }

  private static func names(_ place: PEFTAdapter.Place) -> (a: String, b: String) {
    let base = WeightName.projection(place.projection, layer: place.layer).ggufTensor
    return ("\(base).lora_a", "\(base).lora_b")
  }
}
