internal import BearLabFormats
public import BearLabLanguageModel
public import BearLabText

/// The sizes and the tokenizer of a model, its weights not read.
public struct ModelOutline {
  public let shape: LanguageModelShape
  /// Whether the head's weights are the embedding's.
  public let tiedHead: Bool
  public let encoder: BytePairEncoder
  /// Of the GGUF file, or of the folder of Hugging Face.
  public let path: String

  /// Reads what a model's file or folder says of it, and checks that every weight is there in the
  /// right shape.
  ///
  /// - Throws: `GGUFError`, `HuggingFaceError`, `SafetensorsError`, `TokenizerError` or ``ModelError``.
  public init(path: String) throws {
    try self.init(ModelSources.open(path))
  }

  init(_ source: any ModelSource) throws {
    let description = source.description
    // First: it may name a tokenizer of another family, where nothing else helps.
    encoder = try source.encoder()
    guard encoder.vocabularySize <= description.vocabularySize else {
      throw ModelError.moreTokensThanRows(
        path: source.path, tokens: encoder.vocabularySize, rows: description.vocabularySize)
    }
    shape = description.shape
    tiedHead = description.tiedEmbeddings
    path = source.path
    try source.requireWeights(shape, tiedHead: tiedHead)
  }
}

extension GGUFFile {
  /// Reads the tokenizer; BOS only if the file says so.
  ///
  /// - Parameter rows: of the embedding: there may be more than tokens, but not fewer.
  /// - Returns: the tokenizer.
  /// - Throws: ``GGUFError`` for a key, ``ModelError`` for what the arrays hold.
  func encoder(rows: Int) throws -> BytePairEncoder {
    let kind = try string("tokenizer.ggml.model")
    guard kind == "gpt2" else {
      throw GGUFError.unsupportedModel(
        path: path, key: "tokenizer.ggml.model", value: kind,
        supported: ["a byte-level tokenizer (gpt2)"])
    }
    let vocabulary = try strings("tokenizer.ggml.tokens")
    guard vocabulary.count <= rows else {
      throw ModelError.moreTokensThanRows(path: path, tokens: vocabulary.count, rows: rows)
    }
    let merges = try strings("tokenizer.ggml.merges")
    let types = try has("token_type") ? integers("tokenizer.ggml.token_type") : []
    let pre = try string("tokenizer.ggml.pre")
    let bos = try has("bos_token_id") ? token("bos_token_id", of: vocabulary.count) : nil
    let eos = try token("eos_token_id", of: vocabulary.count)
    let addsBOS = try has("add_bos_token") ? bool("tokenizer.ggml.add_bos_token") : nil
    do {
      return try BytePairEncoder(
        vocabulary: vocabulary, merges: merges, tokenTypes: types, preTokenizer: pre,
        bosToken: bos, eosToken: eos, addsBOS: addsBOS)
    } catch {
      throw ModelError.tokenizer(path: path, problem: error)
    }
  }

  private func has(_ key: String) -> Bool { metadata["tokenizer.ggml.\(key)"] != nil }

  /// A token's number under a key.
  private func token(_ key: String, of count: Int) throws(GGUFError) -> Int32 {
    let key = "tokenizer.ggml.\(key)"
    let number = try integer(key)
    guard (0..<count).contains(number), let token = Int32(exactly: number) else {
      throw .badValue(
        path: path, key: key, value: "\(number)",
        requirement: "a token of the vocabulary, 0 to \(count - 1)")
    }
    return token
  }
}
