internal import BearLabCore
internal import BearLabFormats
public import BearLabLanguageModel
internal import BearLabNN
public import BearLabText

/// A language model with its tokenizer, read from a file.
public struct LoadedModel {
  public let model: LanguageModel
  public let encoder: BytePairEncoder
  public let path: String
  /// SHA-256 of the file, in hexadecimal.
  public let hash: String

  /// Reads a GGUF file.
  ///
  /// - Throws: ``GGUFError``, ``TokenizerError`` or ``LanguageModelError``.
  public init(gguf path: String) throws {
    let file = try GGUFFile(path: path)
    let description = try ModelDescription(file)
    encoder = try BytePairEncoder(file)
    model = try LanguageModel(
      shape: LanguageModelShape(description), tiedHead: description.tiedEmbeddings
    ) { name in
      try file.floats(of: name, description: description)
    }
    self.path = path
    hash = try FileHash.sha256(path: path)
  }
}

extension LanguageModelShape {
  fileprivate init(_ description: ModelDescription) {
    self.init(
      layerCount: description.blockCount, width: description.width,
      feedForwardWidth: description.feedForwardWidth, headCount: description.headCount,
      kvHeadCount: description.kvHeadCount, headWidth: description.headWidth,
      vocabularySize: description.vocabularySize, contextLength: description.contextLength,
      normEpsilon: description.normEpsilon, ropeTheta: Double(description.ropeTheta))
  }
}

extension BytePairEncoder {
  /// Reads a GGUF's tokenizer; BOS only if the file says so.
  fileprivate init(_ file: GGUFFile) throws {
    func has(_ key: String) -> Bool { file.metadata["tokenizer.ggml.\(key)"] != nil }
    let kind = try file.string("tokenizer.ggml.model")
    guard kind == "gpt2" else {
      throw GGUFError.unsupportedModel(
        path: file.path, key: "tokenizer.ggml.model", value: kind,
        supported: ["a byte-level tokenizer (gpt2)"])
    }
    try self.init(
      vocabulary: file.strings("tokenizer.ggml.tokens"),
      merges: file.strings("tokenizer.ggml.merges"),
      tokenTypes: has("token_type") ? file.integers("tokenizer.ggml.token_type") : [],
      preTokenizer: file.string("tokenizer.ggml.pre"),
      bosToken: has("bos_token_id") ? Int32(file.integer("tokenizer.ggml.bos_token_id")) : nil,
      eosToken: Int32(file.integer("tokenizer.ggml.eos_token_id")),
      addsBOS: has("add_bos_token") && file.bool("tokenizer.ggml.add_bos_token"))
  }
}

extension GGUFFile {
  /// A weight in Hugging Face's row order.
  fileprivate func floats(of name: WeightName, description: ModelDescription) throws -> [Float] {
    switch name {
    case .embedding: try floats(of: "token_embd.weight")
    case .head: try floats(of: "output.weight")
    case .finalNorm: try floats(of: "output_norm.weight")
    case .attentionNorm(let layer): try floats(of: "blk.\(layer).attn_norm.weight")
    case .feedForwardNorm(let layer): try floats(of: "blk.\(layer).ffn_norm.weight")
    case .projection(let projection, let layer):
      try floats(of: projection, layer: layer, description: description)
    }
  }

  private func floats(
    of projection: Projection, layer: Int, description: ModelDescription
  ) throws -> [Float] {
    let stem =
      switch projection {
      case .query: "attn_q"
      case .key: "attn_k"
      case .value: "attn_v"
      case .output: "attn_output"
      case .gate: "ffn_gate"
      case .up: "ffn_up"
      case .down: "ffn_down"
      }
    let weights = try floats(of: "blk.\(layer).\(stem).weight")
    let heads: Int
    switch projection {
    case .query: heads = description.headCount
    case .key: heads = description.kvHeadCount
    default: return weights
    }
    return LlamaWeights.unpermuteRotaryRows(
      weights, heads: heads, rows: heads * description.headWidth, columns: description.width)
  }
}
