internal import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabText
internal import Foundation

/// What a folder of Hugging Face has beside the weights: `config.json` and the tokenizer.
///
/// Those of a folder are copied, those of a GGUF file written from its header.
struct HuggingFaceFiles {
  private let source: any ModelSource

  init(_ source: any ModelSource) { self.source = source }

  /// Writes the files.
  ///
  /// - Parameters:
  ///   - folder: that exists.
  ///   - type: of the weights beside them.
  /// - Throws: `FileError`, `GGUFError`, or ``AdapterExportError`` where a GGUF file does not say all.
  func write(to folder: String, type: FloatType) throws {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: source.path, isDirectory: &isFolder)
    if isFolder.boolValue {
      try copyFiles(to: folder)
    } else {
      let file = try GGUFFile(path: source.path)
      try Self.write(
        .object(GGUFTokenizerFile(file).members()), to: "\(folder)/tokenizer.json", onLines: false)
      try Self.write(
        .object(GGUFTokenizerFile(file).settings()), to: "\(folder)/tokenizer_config.json")
    }
    var config = try isFolder.boolValue ? readConfig() : config()
    let name: JSONValue = .text(Self.name(of: type))
    // The key of before transformers 4.56, unless the file has the newer one.
    config[config["dtype"] == nil ? "torch_dtype" : "dtype"] = name
    try Self.write(.object(config), to: "\(folder)/\(HuggingFaceModel.config)")
  }

  /// Writes a JSON file, keys sorted; a member a line, unless there are too many to be looked at.
  static func write(_ value: JSONValue, to path: String, onLines: Bool = true) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if onLines { encoder.outputFormatting.insert(.prettyPrinted) }
    let file = try PartialFile(replacing: path)
    try file.write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    try file.finish()
  }

  private static func name(of type: FloatType) -> String {
    switch type {
    case .f32: "float32"
    case .f16: "float16"
    case .bf16: "bfloat16"
    }
  }

  // MARK: From a folder

  /// Weights, adapters and probes are those of other models.
  private static let weightSuffixes = [
    ".safetensors", ".bin", ".gguf", ".pth", ".pt", ".h5", ".msgpack", ".onnx", ".index.json",
  ]

  private func copyFiles(to folder: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: source.path)
    for name in names.sorted() where !Self.weightSuffixes.contains(where: name.hasSuffix) {
      let path = "\(source.path)/\(name)"
      var isFolder: ObjCBool = false
      guard !name.hasPrefix("."), !name.hasPrefix("adapter_"), name != ExportProbe.fileName,
        name != HuggingFaceModel.config,
        FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
      else { continue }
      let file = try PartialFile(replacing: "\(folder)/\(name)")
      // Not mapped, as it may be empty.
      try file.write([UInt8](try Data(contentsOf: URL(filePath: path))))
      try file.finish()
    }
  }

  private func readConfig() throws -> [String: JSONValue] {
    let text = try MappedFile.text(path: "\(source.path)/\(HuggingFaceModel.config)")
    return try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
  }

  // MARK: From a GGUF file

  private func config() throws -> [String: JSONValue] {
    let model = source.description
    let whole: [(String, Int)] = [
      ("hidden_size", model.width), ("intermediate_size", model.feedForwardWidth),
      ("num_hidden_layers", model.blockCount), ("num_attention_heads", model.headCount),
      ("num_key_value_heads", model.kvHeadCount), ("head_dim", model.headWidth),
      ("max_position_embeddings", model.contextLength), ("vocab_size", model.vocabularySize),
    ]
    var config = Dictionary(
      uniqueKeysWithValues: whole.map { ($0, JSONValue.number(Double($1))) })
    config["model_type"] = .text(model.architecture.rawValue)
    config["architectures"] = .array([.text(Self.className(model.architecture))])
    config["hidden_act"] = .text("silu")
    // The shortest decimal of a float, not its expansion as a double.
    config["rms_norm_eps"] = .number(Double("\(model.normEpsilon)") ?? 1e-5)
    config["rope_theta"] = .number(Double(model.ropeTheta))
    config["rope_scaling"] = try scaling(model.ropeScaling)
    config["tie_word_embeddings"] = .bool(model.tiedEmbeddings)
    if model.architecture != .qwen2 {
      guard model.attentionBias != .queryKeyValue else {
        throw AdapterExportError.unsupportedBias(path: source.path)
      }
      config["attention_bias"] = .bool(model.attentionBias == .all)
    }
    let encoder = try source.encoder()
    config["eos_token_id"] = .number(Double(encoder.eosToken))
    config["bos_token_id"] = encoder.bosToken.map { .number(Double($0)) } ?? .null
    return config
  }

  private static func className(_ architecture: ModelArchitecture) -> String {
    switch architecture {
    case .llama: "LlamaForCausalLM"
    case .qwen2: "Qwen2ForCausalLM"
    case .qwen3: "Qwen3ForCausalLM"
    }
  }

  private func scaling(_ scaling: RotaryScaling) throws(AdapterExportError) -> JSONValue {
    switch scaling {
    case .none: return .null
    case .linear(let factor):
      return .object(["rope_type": .text("linear"), "factor": .number(Double("\(factor)") ?? 1)])
    case .llama3, .factors:
      throw .unsupportedScaling(path: source.path, scaling: "by a factor for each frequency")
    }
  }
}
