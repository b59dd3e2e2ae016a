public import BearLabCore
internal import BearLabFormats
public import BearLabLanguageModel
public import BearLabTensor
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
  /// - Parameters:
  ///   - path: of the file.
  ///   - precision: of the frozen weights and of the operands of products; the instruction set in
  ///     use must have it.
  /// - Throws: ``GGUFError``, ``ModelError`` or ``LanguageModelError``.
  public init(gguf path: String, precision: Precision = .f32) throws {
    let file = try GGUFFile(path: path)
    let description = try ModelDescription(file)
    encoder = try file.encoder(rows: description.vocabularySize)
    let shape = LanguageModelShape(description)
    try file.requireWeights(shape, tiedHead: description.tiedEmbeddings)
    model = try LanguageModel(
      shape: shape, tiedHead: description.tiedEmbeddings, precision: precision
    ) { name in try file.floats(of: name, shape: shape) }
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
    let addsBOS = try has("add_bos_token") && bool("tokenizer.ggml.add_bos_token")
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

/// Why a file's parts do not make a model, or not one for the data.
public enum ModelError: BearLabError, Equatable {
  case tokenizer(path: String, problem: TokenizerError)
  case moreTokensThanRows(path: String, tokens: Int, rows: Int)
  case promptTooLong(user: Int, items: Int, tokens: Int, titleTokens: Int, contextLength: Int)

  public var description: String {
    switch self {
    case .tokenizer(let path, let problem): "\(path): tokenizer: \(problem.description)"
    case .moreTokensThanRows(let path, let tokens, let rows):
      "\(path): the tokenizer has \(tokens) tokens, but token_embd.weight only \(rows) rows"
    case .promptTooLong(let user, let items, let tokens, let titleTokens, let contextLength):
      "the prompt of user \(user), with a history of \(items) items, has \(tokens) tokens; with the "
        + "longest title, \(titleTokens) tokens, it exceeds the model's context of \(contextLength)"
    }
  }

  public var remedy: String {
    switch self {
    case .tokenizer(_, let problem): problem.remedy
    case .moreTokensThanRows:
      "use a file with at least a row for each token; this tokenizer is of another model"
    case .promptTooLong(_, _, _, let titleTokens, let contextLength):
      "use a model with a longer context, shorter titles, or shorter histories: at most "
        + "\(max(0, contextLength - titleTokens)) tokens of prompt fit here"
    }
  }
}
