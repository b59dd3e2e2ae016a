internal import BearLabFormats
public import BearLabLanguageModel
public import BearLabText

/// The sizes and the tokenizer of a model's file, its weights not read.
public struct ModelOutline {
  public let shape: LanguageModelShape
  /// Whether the head's weights are the embedding's.
  public let tiedHead: Bool
  public let encoder: BytePairEncoder
  public let path: String

  /// Reads the header of a GGUF file, and checks that every weight is in it in the right shape.
  ///
  /// - Throws: ``GGUFError`` or ``ModelError``.
  public init(gguf path: String) throws {
    try self.init(GGUFFile(path: path))
  }

  init(_ file: GGUFFile) throws {
    let description = try ModelDescription(file)
    encoder = try file.encoder(rows: description.vocabularySize)
    shape = LanguageModelShape(description)
    tiedHead = description.tiedEmbeddings
    path = file.path
    try file.requireWeights(shape, tiedHead: tiedHead)
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

extension GGUFFile {
  /// Reads the tokenizer; BOS only if the file says so.
  ///
  /// - Parameter rows: of the embedding: there may be more than tokens, but not fewer.
  /// - Returns: the tokenizer.
  /// - Throws: ``GGUFError`` for a key, ``ModelError`` for what the arrays hold.
  fileprivate func encoder(rows: Int) throws -> BytePairEncoder {
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
