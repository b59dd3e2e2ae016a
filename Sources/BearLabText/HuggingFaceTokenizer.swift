internal import BearLabFormats
internal import Foundation

extension BytePairEncoder {
  /// Reads the tokenizer of a model's folder in the layout of Hugging Face.
  ///
  ///     tokenizer.json            vocabulary, merges, pattern, added tokens, BOS of the template
  ///     tokenizer_config.json     names of BOS and EOS; add_bos_token
  ///     config.json               numbers of BOS and EOS, where they have no name
  ///     generation_config.json    the same; of several EOS the first counts
  ///
  /// All but the first may be absent. ``bosToken`` is set only where the template of the
  /// post-processor begins with a token, or, without a template, where `add_bos_token` is true.
  ///
  /// Form C is that of Swift's Unicode, 17; huggingface/tokenizers 0.23 has that of 13, which
  /// leaves marks assigned since in the order in which they come.
  ///
  /// - Parameter folder: of the model.
  /// - Throws: ``TokenizerError``, also for a tokenizer of another family.
  public init(huggingFace folder: String) throws(TokenizerError) {
    do {
      try self.init(HuggingFaceTokenizer(folder: folder).parts())
    } catch { throw error.namesFile ? error : .inFolder(folder, error) }
  }
}

/// A folder with a `tokenizer.json`.
struct HuggingFaceTokenizer {
  private static let main = "tokenizer.json"

  let folder: String
  private var path: String { "\(folder)/\(Self.main)" }

  func parts() throws(TokenizerError) -> BytePairParts {
    let file = try decoded(Self.main, as: TokenizerFile.self)
    let model = file.model
    try check(model)
    guard let preTokenizer = PreTokenizer(file.pre_tokenizer) else {
      throw unsupported(
        "pre_tokenizer", file.pre_tokenizer, supported: PreTokenizer.supportedSteps)
    }
    let vocabulary = try vocabulary(file)
    if model.unk_token != nil, try TokenTable(vocabulary).byteTokens().contains(-1) {
      throw unsupported("model.unk_token", model.unk_token ?? "", supported: ["null"])
    }
    let ends = try TextEnds(folder: self, file: file, vocabulary: vocabulary)
    return BytePairParts(
      vocabulary: vocabulary, merges: model.merges, ignoresMerges: model.ignore_merges ?? false,
      added: try (file.added_tokens ?? []).map(added), preTokenizer: preTokenizer,
      isNFC: try isNFC(file.normalizer), bosToken: ends.bos, eosToken: ends.eos)
  }

  /// Reads a file of the folder.
  func decoded<Value: Decodable>(
    _ name: String, as type: Value.Type
  ) throws(TokenizerError) -> Value {
    let text: String
    do { text = try MappedFile.text(path: "\(folder)/\(name)") } catch { throw .file(error) }
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch { throw .malformed(path: "\(folder)/\(name)", problem: jsonProblem(error)) }
  }

  /// Reads a file of the folder, if it is there.
  func decodedIfPresent<Value: Decodable>(
    _ name: String, as type: Value.Type
  ) throws(TokenizerError) -> Value? {
    FileManager.default.fileExists(atPath: "\(folder)/\(name)")
      ? try decoded(name, as: type) : nil
  }

  private func check(_ model: TokenizerModel) throws(TokenizerError) {
    if let type = model.type, type != "BPE" {
      throw unsupported("model.type", type, supported: ["BPE"])
    }
    if model.byte_fallback == true {
      throw unsupported("model.byte_fallback", "true", supported: ["false"])
    }
    if let dropout = model.dropout, dropout != 0 {
      throw unsupported("model.dropout", "\(dropout)", supported: ["null", "0"])
    }
    let affixes = [
      "continuing_subword_prefix": model.continuing_subword_prefix,
      "end_of_word_suffix": model.end_of_word_suffix,
    ]
    for (key, value) in affixes.sorted(by: { $0.key < $1.key }) {
      if let value, !value.isEmpty {
        throw unsupported("model.\(key)", value, supported: ["an empty text"])
      }
    }
  }

  private func isNFC(_ normalizer: TokenizerStep?) throws(TokenizerError) -> Bool {
    let names = (normalizer?.steps ?? []).map(\.type)
    guard names.allSatisfy({ $0 == "NFC" }) else {
      throw unsupported("normalizer", normalizer, supported: ["none", "NFC"])
    }
    return !names.isEmpty
  }

  private func added(_ token: TokenizerFile.Added) throws(TokenizerError) -> AddedToken {
    let flags = ["single_word": token.single_word, "lstrip": token.lstrip, "rstrip": token.rstrip]
    if let flag = flags.filter({ $0.value == true }).keys.sorted().first {
      throw unsupported("\(flag) of added token '\(token.content)'", "true", supported: ["false"])
    }
    let isSpecial = token.special ?? false
    return AddedToken(
      text: token.content, number: Int32(token.id), isSpecial: isSpecial,
      isNormalised: token.normalized ?? !isSpecial)
  }

  /// The tokens in the order of their numbers, which must have no gap.
  private func vocabulary(_ file: TokenizerFile) throws(TokenizerError) -> [String] {
    let vocab = file.model.vocab
    let added = file.added_tokens ?? []
    let count = vocab.count + added.count { vocab[$0.content] == nil }
    var tokens = [String?](repeating: nil, count: count)
    for (token, number) in vocab.map({ ($0, $1) }) + added.map({ ($0.content, $0.id) }) {
      guard tokens.indices.contains(number) else {
        throw .badValue(
          path: path, key: "the number of token '\(token)'", value: "\(number)",
          requirement: "from 0 to \(count - 1), for there are \(count) tokens")
      }
      if let other = tokens[number], other != token {
        throw .badValue(
          path: path, key: "the number of token '\(token)'", value: "\(number)",
          requirement: "another one, for it is that of '\(other)'")
      }
      tokens[number] = token
    }
    return try tokens.enumerated().map { (number, token) throws(TokenizerError) in
      guard let token else {
        throw .badValue(
          path: path, key: "token \(number)", value: "missing",
          requirement: "in the vocabulary, or no token may have a greater number")
      }
      return token
    }
  }

  func unsupported(
    _ key: String, _ step: TokenizerStep?, supported: [String]
  ) -> TokenizerError {
    let steps = step?.steps.map(\.summary) ?? []
    return unsupported(
      key, steps.isEmpty ? "none" : steps.joined(separator: ", "), supported: supported)
  }

  func unsupported(_ key: String, _ value: String, supported: [String]) -> TokenizerError {
    .unsupported(path: path, key: key, value: value, supported: supported)
  }
}
