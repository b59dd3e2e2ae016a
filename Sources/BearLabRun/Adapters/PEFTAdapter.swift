internal import BearLabCore
internal import BearLabFormats
public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor
internal import Foundation

/// LoRA weights in a folder as PEFT saves them.
///
///     adapter_config.json            rank, alpha, targets; see ``PEFTConfig``
///     adapter_model.safetensors      base_model.model.<module>.lora_A.weight, [rank, in], and
///                                    …lora_B.weight, [out, rank]
///
/// - Source: huggingface/peft, `src/peft/utils/save_and_load.py`.
public struct PEFTAdapter {
  /// A linear layer of the model.
  struct Place: Hashable {
    let layer: Int
    let projection: Projection

    /// As the model calls it, such as `model.layers.0.self_attn.q_proj`.
    var module: String {
      String(WeightName.projection(projection, layer: layer).huggingFaceTensor.dropLast(7))
    }
  }

  static let weightsName = "adapter_model.safetensors"
  static let prefix = "base_model.model."

  public let folder: String
  /// SHA-256 of the settings and the weights, in hexadecimal.
  public let hash: String
  private let config: PEFTConfig
  private let weights: SafetensorsFile

  /// Reads the settings and the header of the weights.
  ///
  /// - Throws: ``PEFTError`` for what is not plain LoRA, by name and with the reason.
  public init(folder: String) throws(PEFTError) {
    self.folder = folder
    config = try PEFTConfig(path: "\(folder)/\(PEFTConfig.fileName)")
    let path = "\(folder)/\(Self.weightsName)"
    if !FileManager.default.fileExists(atPath: path) {
      let isPickled = FileManager.default.fileExists(atPath: "\(folder)/adapter_model.bin")
      throw isPickled ? .pickled(folder: folder) : .noWeights(folder: folder)
    }
    do { weights = try SafetensorsFile(path: path) } catch { throw .safetensors(error) }
    do {
      let hashes = try [FileHash.sha256(path: config.path), FileHash.sha256(path: path)]
      hash = FileHash.sha256(of: Array(hashes.joined(separator: "\n").utf8))
    } catch { throw .file(error) }
  }

  /// Checks that the weights are those of a model of this shape, without reading them.
  ///
  /// - Parameters:
  ///   - shape: the model's.
  ///   - dropout: in training; nil for the adapter's own.
  /// - Returns: the largest rank, the targets of any layer, and the alpha of most.
  /// - Throws: ``PEFTError`` for tensors that are missing, left over or of another shape.
  public func settings(
    for shape: LanguageModelShape, dropout: Double? = nil
  ) throws(PEFTError) -> LoRASettings {
    let places = try places(in: shape)
    return LoRASettings(
      rank: places.map { config.rank(of: $0.module) }.max() ?? config.rank, alpha: config.alpha,
      dropout: dropout ?? config.dropout, targets: Set(places.map(\.projection)))
  }

  /// Reads the weights for a model of this shape, ready to be trained on.
  ///
  /// - Parameters:
  ///   - shape: the model's.
  ///   - dropout: in training; nil for the adapter's own.
  /// - Returns: a pair for each layer that is adapted, with its own rank and scale.
  /// - Throws: ``PEFTError``, as ``settings(for:dropout:)`` does, and for numbers that are not finite.
  public func adapter(
    for shape: LanguageModelShape, dropout: Double? = nil
  ) throws(PEFTError) -> LoRAAdapter {
    let settings = try settings(for: shape, dropout: dropout)
    var layers = [[Projection: LoRAPair]](repeating: [:], count: shape.layerCount)
    for place in try places(in: shape) {
      layers[place.layer][place.projection] = try pair(place, shape)
    }
    return LoRAAdapter(settings: settings, layers: layers)
  }

  private func pair(_ place: Place, _ shape: LanguageModelShape) throws(PEFTError) -> LoRAPair {
    let module = place.module
    let (rank, size) = (config.rank(of: module), shape.size(of: place.projection))
    let (a, b) = ([rank, size.inputs], [size.outputs, rank])
    do {
      return LoRAPair(
        a: Tensor(
          try weights.floats(of: Self.tensor(module, "A"), shape: a), shape: a,
          requiresGradient: true),
        b: Tensor(
          try weights.floats(of: Self.tensor(module, "B"), shape: b), shape: b,
          requiresGradient: true),
        scale: config.scale(of: module))
    } catch { throw .safetensors(error) }
  }

  /// The name of one half of a pair.
  static func tensor(_ module: String, _ half: String) -> String {
    "\(prefix)\(module).lora_\(half).weight"
  }

  // MARK: What must be there

  /// The linear layers that have LoRA; every tensor of the file belongs to one, in the right shape.
  private func places(in shape: LanguageModelShape) throws(PEFTError) -> [Place] {
    var expected: Set<String> = []
    var places: [Place] = []
    for layer in 0..<shape.layerCount {
      for projection in Projection.allCases {
        let place = Place(layer: layer, projection: projection)
        guard config.isTarget(place.module, layer: layer) else { continue }
        try require(place, shape)
        places.append(place)
        expected.formUnion([Self.tensor(place.module, "A"), Self.tensor(place.module, "B")])
      }
    }
    let stray = weights.tensors.keys.filter { !expected.contains($0) }.min()
    if let stray {
      throw .strayTensor(path: weights.path, tensor: stray, reason: reason(stray, shape))
    }
    guard !places.isEmpty else { throw .nothingAdapted(path: config.path) }
    return places
  }

  /// Checks both halves of a pair.
  private func require(_ place: Place, _ shape: LanguageModelShape) throws(PEFTError) {
    let module = place.module
    let (a, b) = (Self.tensor(module, "A"), Self.tensor(module, "B"))
    switch (weights.tensors[a], weights.tensors[b]) {
    case (nil, nil): throw .missingModule(path: weights.path, module: module)
    case (nil, _): throw .missingHalf(path: weights.path, module: module, missing: "lora_A")
    case (_, nil): throw .missingHalf(path: weights.path, module: module, missing: "lora_B")
    case (.some(let found), .some):
      let (rank, size) = (config.rank(of: module), shape.size(of: place.projection))
      guard found.shape.count != 2 || found.shape[0] == rank || found.shape[1] != size.inputs
      else {
        throw .wrongRank(path: weights.path, module: module, stated: rank, found: found.shape)
      }
      do {
        try weights.require(a, shape: [rank, size.inputs])
        try weights.require(b, shape: [size.outputs, rank])
      } catch { throw .safetensors(error) }
    }
  }

  /// Why a tensor is not expected.
  private func reason(_ tensor: String, _ shape: LanguageModelShape) -> String {
    guard tensor.hasPrefix(Self.prefix) else {
      return "has a name that does not begin with \(Self.prefix)"
    }
    for (part, reason) in Self.strangers where tensor.contains(part) { return reason }
    let words = tensor.dropFirst(Self.prefix.count).split(separator: ".")
    guard words.starts(with: ["model", "layers"]), words.count > 2, let layer = Int(words[2])
    else { return "belongs to no layer of a transformer block" }
    guard layer < shape.layerCount else {
      return "is of layer \(layer), and the model has \(shape.layerCount), from 0 on"
    }
    let isHalf = tensor.hasSuffix(".lora_A.weight") || tensor.hasSuffix(".lora_B.weight")
    return isHalf
      ? "is of a module that target_modules does not name, or that the model has not"
      : "is left over: it is no lora_A or lora_B"
  }

  private static let strangers = [
    ("lora_magnitude_vector", "is DoRA's magnitude, which LoRA has not"),
    ("lora_embedding_", "is an update of the embedding, which stays as it is here"),
    ("embed_tokens", "is of the embedding, which stays as it is here"),
    ("lm_head", "is of the head, which stays as it is here"),
  ]
}
