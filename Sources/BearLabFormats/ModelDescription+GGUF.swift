internal import BearLabLanguageModel

extension ModelDescription {
  /// Reads and checks the description.
  ///
  /// - Throws: ``GGUFError`` for an unsupported architecture or rotary scaling, a missing key, or
  ///   sizes that contradict each other.
  public init(_ file: GGUFFile) throws(GGUFError) {
    let name = try file.string("general.architecture")
    guard let architecture = ModelArchitecture(rawValue: name) else {
      throw .unsupportedModel(
        path: file.path, key: "general.architecture", value: name,
        supported: ModelArchitecture.supported)
    }
    self.architecture = architecture
    let keys = KeyReader(file: file, architecture: name, limit: Self.largestSize)
    blockCount = try keys.size("block_count")
    width = try keys.size("embedding_length")
    feedForwardWidth = try keys.size("feed_forward_length")
    contextLength = try keys.size("context_length")
    headCount = try keys.size("attention.head_count")
    kvHeadCount = try keys.size("attention.head_count_kv", default: headCount)
    normEpsilon = try keys.real("attention.layer_norm_rms_epsilon", in: 1e-30...1)
    // Below 1 the angles of neighbouring positions would be larger than a turn.
    ropeTheta = try keys.real("rope.freq_base", in: 1...1e15, default: 10_000)
    headWidth = try keys.headWidth(width: width, headCount: headCount)
    try keys.require(
      headCount % kvHeadCount == 0, "attention.head_count_kv", kvHeadCount,
      "a divisor of the \(headCount) heads")
    ropeScaling = try keys.rotaryScaling(headWidth: headWidth)
    attentionBias = try keys.attentionBias(of: architecture)
    normalisesQueriesAndKeys = architecture == .qwen3
    vocabularySize = try keys.vocabularySize(width: width)
    tiedEmbeddings = file.tensors["output.weight"] == nil
  }
}

/// Reads the keys below an architecture's prefix.
private struct KeyReader {
  let file: GGUFFile
  let architecture: String
  let limit: Int

  private func full(_ key: String) -> String { "\(architecture).\(key)" }

  func has(_ key: String) -> Bool { file.metadata[full(key)] != nil }

  func require(
    _ condition: Bool, _ key: String, _ value: some CustomStringConvertible, _ requirement: String
  ) throws(GGUFError) {
    if !condition {
      throw .badValue(
        path: file.path, key: full(key), value: value.description, requirement: requirement)
    }
  }

  func size(_ key: String, default fallback: Int? = nil) throws(GGUFError) -> Int {
    if let fallback, !has(key) { return fallback }
    let value = try file.integer(full(key))
    try require((1...limit).contains(value), key, value, "from 1 to \(limit)")
    return value
  }

  func real(
    _ key: String, in range: ClosedRange<Float>, default fallback: Float? = nil
  ) throws(GGUFError) -> Float {
    if let fallback, !has(key) { return fallback }
    let value = Float(try file.real(full(key)))
    // NaN is in no range.
    try require(
      range.contains(value), key, value, "from \(range.lowerBound) to \(range.upperBound)")
    return value
  }

  /// As the file says, or the width shared out among the heads.
  func headWidth(width: Int, headCount: Int) throws(GGUFError) -> Int {
    if !has("attention.key_length") {
      try require(
        width % headCount == 0, "embedding_length", width, "a multiple of the \(headCount) heads")
    }
    let headWidth = try size("attention.key_length", default: width / headCount)
    let valueWidth = try size("attention.value_length", default: headWidth)
    try require(headWidth % 2 == 0, "attention.key_length", headWidth, "even")
    try require(
      valueWidth == headWidth, "attention.value_length", valueWidth, "the key length \(headWidth)")
    return headWidth
  }

  /// Read as if they had none, models with other rotary positions would seem to work.
  func rotaryScaling(headWidth: Int) throws(GGUFError) -> RotaryScaling {
    let rotated = try size("rope.dimension_count", default: headWidth)
    try require(
      rotated == headWidth, "rope.dimension_count", rotated, "the head width \(headWidth)")
    let type = try has("rope.scaling.type") ? file.string(full("rope.scaling.type")) : "none"
    let factors = "rope_freqs.weight"
    switch (type, file.tensors[factors]) {
    case ("none", nil): return .none
    case ("none", _): return .factors(try rotaryFactors(factors, headWidth: headWidth))
    case ("linear", nil): return .linear(factor: try real("rope.scaling.factor", in: 1e-3...1e6))
    default:
      throw .unsupportedModel(
        path: file.path, key: full("rope.scaling.type"), value: type,
        supported: ["rotary positions without scaling", "linear", "llama3 (\(factors))"])
    }
  }

  /// What divides each frequency: the scaling of Llama 3, worked out by the converter.
  private func rotaryFactors(_ name: String, headWidth: Int) throws(GGUFError) -> [Float] {
    let factors = try file.floats(of: name, shape: [headWidth / 2])
    if let index = factors.firstIndex(where: { $0 <= 0 }) {
      throw .badValue(
        path: file.path, key: "\(name)[\(index)]", value: "\(factors[index])",
        requirement: "above 0")
    }
    return factors
  }

  /// Told by the tensors: the metadata has no key for it.
  func attentionBias(of architecture: ModelArchitecture) throws(GGUFError) -> AttentionBias {
    let hasBias = architecture == .qwen2 || file.tensors["blk.0.attn_q.bias"] != nil
    let bias: AttentionBias =
      file.tensors["blk.0.attn_output.bias"] != nil ? .all : hasBias ? .queryKeyValue : .none
    // One that is not read would be a wrong number in every layer.
    let read = ["attn_q", "attn_k", "attn_v", "attn_output"].prefix(bias.projections.count)
    if let stray = file.tensors.keys.sorted().first(where: { name in
      name.hasSuffix(".bias") && !read.contains { name.hasSuffix(".\($0).bias") }
    }) {
      throw .unsupportedModel(
        path: file.path, key: "tensor \(stray)", value: "present",
        supported: ["no bias but those of attention's projections"])
    }
    return bias
  }

  /// The rows of the embedding, which every other count must match.
  func vocabularySize(width: Int) throws(GGUFError) -> Int {
    let name = "token_embd.weight"
    guard let embedding = file.tensors[name] else {
      throw .missingTensor(path: file.path, tensor: name)
    }
    let rows = embedding.shape[0]
    guard embedding.shape == [rows, width] else {
      throw .wrongShape(
        path: file.path, tensor: name, expected: [rows, width], found: embedding.shape)
    }
    let stated = try size("vocab_size", default: rows)
    try require(stated == rows, "vocab_size", stated, "the \(rows) rows of \(name)")
    return rows
  }
}
