/// The sizes and constants of a language model, from the metadata of its file.
public struct ModelDescription: Sendable, Equatable {
  /// Only `llama` so far.
  public let architecture: String
  public let blockCount: Int
  /// D, of the residual stream.
  public let width: Int
  public let feedForwardWidth: Int
  /// H, of the queries.
  public let headCount: Int
  /// Of keys and values; divides ``headCount``.
  public let kvHeadCount: Int
  public let headWidth: Int
  /// ε of the root-mean-square norms.
  public let normEpsilon: Float
  /// θ, the base of the rotary frequencies.
  public let ropeTheta: Float
  /// In tokens.
  public let contextLength: Int
  /// V, in tokens.
  public let vocabularySize: Int
  /// Whether the head is the embedding, so that the file has no `output.weight`.
  public let tiedEmbeddings: Bool

  static let supportedArchitectures = ["llama"]
  /// Far beyond any model, and small enough that products of two sizes do not overflow.
  private static let largestSize = 1 << 28

  /// Reads and checks the description.
  ///
  /// - Throws: ``GGUFError`` for an unsupported architecture or rotary scaling, a missing key, or
  ///   sizes that contradict each other.
  public init(_ file: GGUFFile) throws(GGUFError) {
    architecture = try file.string("general.architecture")
    guard Self.supportedArchitectures.contains(architecture) else {
      throw .unsupportedModel(
        path: file.path, key: "general.architecture", value: architecture,
        supported: Self.supportedArchitectures.map { "architecture \($0)" })
    }
    let keys = KeyReader(file: file, architecture: architecture, limit: Self.largestSize)
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
    try keys.refuseRotaryScaling(headWidth: headWidth)
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

  /// Read as if they had none, models with scaled or partial rotary positions would seem to work.
  func refuseRotaryScaling(headWidth: Int) throws(GGUFError) {
    let rotated = try size("rope.dimension_count", default: headWidth)
    try require(
      rotated == headWidth, "rope.dimension_count", rotated, "the head width \(headWidth)")
    let supported = ["plain rotary positions (no scaling)"]
    if has("rope.scaling.type") {
      let type = try file.string(full("rope.scaling.type"))
      guard type == "none" else {
        throw .unsupportedModel(
          path: file.path, key: full("rope.scaling.type"), value: type, supported: supported)
      }
    }
    if file.tensors["rope_freqs.weight"] != nil {
      throw .unsupportedModel(
        path: file.path, key: "tensor rope_freqs.weight", value: "present", supported: supported)
    }
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
