internal import BearLabLanguageModel

extension ModelDescription {
  /// Reads and checks the `config.json` of a folder of Hugging Face.
  ///
  /// - Throws: ``HuggingFaceError`` for an architecture, a rotary scaling or another feature that is
  ///   not supported, or for sizes that contradict each other.
  public init(huggingFaceConfig path: String) throws(HuggingFaceError) {
    let config = try HuggingFaceConfig(path: path)
    let reader = ConfigReader(path: path, config: config)
    architecture = try reader.architecture()
    let defaults = architecture.defaults
    try reader.refuseUnsupported(architecture)
    blockCount = try reader.size("num_hidden_layers", config.num_hidden_layers, default: 32)
    width = try reader.size("hidden_size", config.hidden_size, default: 4096)
    feedForwardWidth = try reader.size(
      "intermediate_size", config.intermediate_size, default: defaults.feedForwardWidth)
    contextLength = try reader.size(
      "max_position_embeddings", config.max_position_embeddings, default: defaults.contextLength)
    headCount = try reader.size("num_attention_heads", config.num_attention_heads, default: 32)
    kvHeadCount = try reader.size(
      "num_key_value_heads", config.num_key_value_heads, default: headCount)
    try reader.require(
      headCount % kvHeadCount == 0, "num_key_value_heads", kvHeadCount,
      "a divisor of the \(headCount) heads")
    headWidth = try reader.headWidth(
      config.head_dim ?? defaults.headWidth, width: width, headCount: headCount)
    normEpsilon = try reader.real(
      "rms_norm_eps", config.rms_norm_eps, in: 1e-30...1, default: 1e-6)
    vocabularySize = try reader.size(
      "vocab_size", config.vocab_size, default: defaults.vocabularySize)
    try reader.refuseSlidingWindow(
      architecture, layerCount: blockCount, contextLength: contextLength)
    let rotary = RotaryReader(reader: reader)
    ropeTheta = try rotary.base()
    ropeScaling = try rotary.scaling(contextLength: contextLength)
    let hasBias = config.attention_bias ?? false
    attentionBias = architecture == .qwen2 ? .queryKeyValue : hasBias ? .all : .none
    normalisesQueriesAndKeys = architecture == .qwen3
    tiedEmbeddings = config.tie_word_embeddings ?? false
  }
}

/// Checks what a `config.json` says.
private struct ConfigReader {
  let path: String
  let config: HuggingFaceConfig

  func require(
    _ condition: Bool, _ key: String, _ value: some CustomStringConvertible, _ requirement: String
  ) throws(HuggingFaceError) {
    if !condition {
      throw .badValue(path: path, key: key, value: value.description, requirement: requirement)
    }
  }

  func size(
    _ key: String, _ value: Int?, default fallback: Int
  ) throws(HuggingFaceError) -> Int {
    let value = value ?? fallback
    let limit = ModelDescription.largestSize
    try require((1...limit).contains(value), key, value, "from 1 to \(limit)")
    return value
  }

  func real(
    _ key: String, _ value: Double?, in range: ClosedRange<Float>, default fallback: Float
  ) throws(HuggingFaceError) -> Float {
    let value = value.map { Float($0) } ?? fallback
    try require(
      range.contains(value), key, value, "from \(range.lowerBound) to \(range.upperBound)")
    return value
  }

  func unsupported(
    _ key: String, _ value: String, _ supported: String...
  ) -> HuggingFaceError {
    .unsupported(path: path, key: key, value: value, supported: supported)
  }

  func architecture() throws(HuggingFaceError) -> ModelArchitecture {
    guard let known = ModelArchitecture(rawValue: config.model_type) else {
      throw .unsupported(
        path: path, key: "model_type", value: config.model_type,
        supported: ModelArchitecture.supported)
    }
    return known
  }

  /// What would be read as if it were not there.
  func refuseUnsupported(_ architecture: ModelArchitecture) throws(HuggingFaceError) {
    if let quantisation = config.quantization_config {
      throw .quantised(path: path, method: quantisation.quant_method ?? "quantization_config")
    }
    let activation = config.hidden_act ?? "silu"
    guard ["silu", "swish"].contains(activation) else {
      throw unsupported("hidden_act", activation, "hidden_act silu")
    }
    if architecture == .llama, config.mlp_bias == true {
      throw unsupported("mlp_bias", "true", "no bias but those of attention")
    }
  }

  /// As the file says, or the width shared out among the heads.
  func headWidth(
    _ stated: Int?, width: Int, headCount: Int
  ) throws(HuggingFaceError) -> Int {
    if stated == nil {
      try require(
        width % headCount == 0, "hidden_size", width, "a multiple of the \(headCount) heads")
    }
    let headWidth = try size("head_dim", stated, default: width / headCount)
    try require(headWidth % 2 == 0, "head_dim", headWidth, "even")
    return headWidth
  }

  /// A window that no path can be longer than changes nothing, and neither does one that no layer
  /// has; Llama's configuration knows none.
  func refuseSlidingWindow(
    _ architecture: ModelArchitecture, layerCount: Int, contextLength: Int
  ) throws(HuggingFaceError) {
    let kinds = config.layer_types ?? []
    if let odd = kinds.first(where: { !["full_attention", "sliding_attention"].contains($0) }) {
      throw unsupported("layer_types", odd, "full_attention in every layer")
    }
    let window = config.sliding_window ?? 4096
    guard architecture != .llama, config.use_sliding_window ?? false, window < contextLength else {
      return
    }
    let slides =
      config.layer_types == nil
      ? (config.max_window_layers ?? 28) < layerCount : kinds.contains("sliding_attention")
    if slides {
      throw unsupported(
        "sliding_window", "\(window)",
        "a window no shorter than max_position_embeddings (\(contextLength))", "none in use")
    }
  }
}

/// Checks the rotary positions, which stand in one of two places.
private struct RotaryReader {
  let reader: ConfigReader

  private var config: HuggingFaceConfig { reader.config }

  /// The old place first, as in transformers.
  private var settings: HuggingFaceConfig.RotarySettings? {
    config.rope_scaling ?? config.rope_parameters
  }

  private func name(_ key: String) -> String {
    (config.rope_scaling != nil ? "rope_scaling." : "rope_parameters.") + key
  }

  /// Below 1 the angles of neighbouring positions would be larger than a turn.
  func base() throws(HuggingFaceError) -> Float {
    try reader.real(
      "rope_theta", settings?.rope_theta ?? config.rope_theta, in: 1...1e15, default: 10_000)
  }

  func scaling(contextLength: Int) throws(HuggingFaceError) -> RotaryScaling {
    let share = settings?.partial_rotary_factor ?? config.partial_rotary_factor ?? 1
    guard share == 1 else {
      throw reader.unsupported("partial_rotary_factor", "\(share)", "partial_rotary_factor 1")
    }
    if settings?.full_attention != nil {
      throw reader.unsupported(
        name("full_attention"), "present", "one setting of rotary positions for all layers")
    }
    let type = settings?.rope_type ?? settings?.type ?? "default"
    switch type {
    case "default": return .none
    case "linear":
      return .linear(factor: try factor("factor", settings?.factor, in: 1e-3...1e6))
    case "llama3": return .llama3(try llama3(contextLength: contextLength))
    default:
      throw reader.unsupported(
        name("rope_type"), type, "rope_type default", "rope_type linear", "rope_type llama3")
    }
  }

  private func llama3(contextLength: Int) throws(HuggingFaceError) -> Llama3RotaryScaling {
    let low = try factor("low_freq_factor", settings?.low_freq_factor, in: 1e-3...1e6)
    let high = try factor("high_freq_factor", settings?.high_freq_factor, in: 1e-3...1e6)
    try reader.require(
      high > low, name("high_freq_factor"), high, "above low_freq_factor, \(low)")
    return Llama3RotaryScaling(
      factor: try factor("factor", settings?.factor, in: 1e-3...1e6), lowFrequencyFactor: low,
      highFrequencyFactor: high,
      originalContextLength: try reader.size(
        name("original_max_position_embeddings"),
        config.original_max_position_embeddings ?? settings?.original_max_position_embeddings,
        default: contextLength))
  }

  /// A number that has no default.
  private func factor(
    _ key: String, _ value: Double?, in range: ClosedRange<Float>
  ) throws(HuggingFaceError) -> Float {
    guard let value else {
      throw .malformed(path: reader.path, problem: "key \(name(key)) is missing")
    }
    return try reader.real(name(key), value, in: range, default: 0)
  }
}
