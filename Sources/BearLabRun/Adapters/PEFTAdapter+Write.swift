internal import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import Foundation

extension PEFTAdapter {
  /// Writes LoRA weights as PEFT reads them.
  ///
  /// - Parameters:
  ///   - adapter: the weights; scales become alphas.
  ///   - baseModel: what PEFT is to load them on, a path or a name; nil where nothing is known.
  ///   - folder: that exists; the two files in it are replaced.
  /// - Throws: ``PEFTError/file(_:)``.
  static func write(_ adapter: LoRAAdapter, baseModel: String?, to folder: String) throws {
    let pairs = adapter.pairs
    var numbers: [String: Tensor] = [:]
    var outlines: [TensorOutline] = []
    for (place, pair) in pairs {
      for (half, values) in [("A", pair.a), ("B", pair.b)] {
        let name = tensor(place.module, half)
        numbers[name] = values
        outlines.append(TensorOutline(name: name, shape: values.shape))
      }
    }
    do {
      try SafetensorsWriter.write(to: "\(folder)/\(weightsName)", tensors: outlines) {
        numbers[$0.name]?.scalars ?? []
      }
      // Last: without it the folder is no adapter.
      let file = try PartialFile(replacing: "\(folder)/\(PEFTConfig.fileName)")
      try file.write(PEFTConfig.json(of: adapter, pairs, baseModel: baseModel))
      try file.finish()
    } catch let error as FileError { throw PEFTError.file(error) }
  }
}

extension LoRAAdapter {
  /// Every pair with its place, in the order of the layers.
  var pairs: [(place: PEFTAdapter.Place, pair: LoRAPair)] {
    layers.enumerated().flatMap { layer, pairs in
      Projection.allCases.compactMap { projection in
        pairs[projection].map {
          (PEFTAdapter.Place(layer: layer, projection: projection), $0)
        }
      }
    }
  }
}

extension PEFTConfig {
  /// `adapter_config.json` of some weights.
  ///
  /// Rank and alpha of most pairs are said once, those of others by the whole names of their modules.
  fileprivate static func json(
    of adapter: LoRAAdapter, _ pairs: [(place: PEFTAdapter.Place, pair: LoRAPair)],
    baseModel: String?
  ) throws -> [UInt8] {
    let rank = commonest(pairs.map(\.pair.rank)) ?? adapter.settings.rank
    let alphas = pairs.map { alpha(of: $0.pair) }
    let usual = commonest(alphas) ?? adapter.settings.alpha
    var ranks: [String: JSONValue] = [:]
    var others: [String: JSONValue] = [:]
    for ((place, pair), own) in zip(pairs, alphas) {
      if pair.rank != rank { ranks[place.module] = .number(Double(pair.rank)) }
      if own != usual { others[place.module] = .number(own) }
    }
    let members: [String: JSONValue] = [
      "peft_type": .text("LORA"), "task_type": .text("CAUSAL_LM"), "inference_mode": .bool(true),
      "base_model_name_or_path": baseModel.map { .text($0) } ?? .null, "r": .number(Double(rank)),
      "lora_alpha": .number(usual), "lora_dropout": .number(adapter.settings.dropout),
      "rank_pattern": .object(ranks), "alpha_pattern": .object(others),
      "target_modules": .array(targets(pairs, layers: adapter.layers.count).map { .text($0) }),
      "bias": .text("none"), "fan_in_fan_out": .bool(false), "use_rslora": .bool(false),
      "use_dora": .bool(false), "modules_to_save": .null, "init_lora_weights": .bool(true),
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(JSONValue.object(members))) + [UInt8(ascii: "\n")]
  }

  /// scale · rank, as the round number that it was where it was one: the scale is single precision.
  private static func alpha(of pair: LoRAPair) -> Double {
    let alpha = Double(pair.scale) * Double(pair.rank)
    let round = (alpha * 4096).rounded() / 4096
    return Float(round / Double(pair.rank)) == pair.scale ? round : alpha
  }

  /// The names of projections; whole names of modules where not every layer has the same ones.
  private static func targets(
    _ pairs: [(place: PEFTAdapter.Place, pair: LoRAPair)], layers: Int
  ) -> [String] {
    let projections = Set(pairs.map(\.place.projection))
    guard pairs.count == projections.count * layers else { return pairs.map(\.place.module) }
    return projections.map(\.rawValue).sorted()
  }

  private static func commonest<Value: Hashable & Comparable>(_ values: [Value]) -> Value? {
    let counts = values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }
}
