/// What a byte-pair tokenizer is made of, whichever file it comes from.
struct BytePairParts {
  /// `[V]`, in GPT-2's alphabet of bytes, but for the added tokens.
  var vocabulary: [String]
  /// Two tokens separated by a blank, first merge first.
  var merges: [String]
  /// Whether a piece that is a token is not merged from its bytes.
  var ignoresMerges: Bool
  /// Those of the vocabulary that are found in text before it is cut.
  var added: [AddedToken]
  var preTokenizer: PreTokenizer
  /// Whether text is brought into normalisation form C.
  var isNFC: Bool
  var bosToken: Int32?
  var eosToken: Int32
}

extension BytePairEncoder {
  /// Builds the tokenizer from the arrays of a GGUF file.
  ///
  /// The file says neither whether text is normalised nor whether merges are ignored. Text is
  /// brought into form C for `qwen2`, whose models were trained so; merges are ignored for
  /// `llama-bpe`.
  ///
  /// - Parameters:
  ///   - vocabulary: `[V]`, `tokenizer.ggml.tokens`, in GPT-2's alphabet of bytes.
  ///   - merges: `tokenizer.ggml.merges`, two tokens separated by a blank, first merge first.
  ///   - tokenTypes: `[V]` or empty, `tokenizer.ggml.token_type`; 3 is a control token, which is
  ///     special, 4 one that a user added, which plain text is searched for.
  ///   - preTokenizer: `tokenizer.ggml.pre`.
  ///   - bosToken: `tokenizer.ggml.bos_token_id`.
  ///   - eosToken: `tokenizer.ggml.eos_token_id`.
  ///   - addsBOS: `tokenizer.ggml.add_bos_token`; nil if the file does not say, which means yes
  ///     for `llama-bpe` and no for the others. If false, ``bosToken`` is nil.
  /// - Throws: ``TokenizerError`` if they do not make a tokenizer.
  public init(
    vocabulary: [String], merges: [String], tokenTypes: [Int] = [], preTokenizer: String,
    bosToken: Int32?, eosToken: Int32, addsBOS: Bool?
  ) throws(TokenizerError) {
    guard let known = PreTokenizer.byGGUFName[preTokenizer] else {
      throw .unsupportedPreTokenizer(preTokenizer)
    }
    guard tokenTypes.isEmpty || tokenTypes.count == vocabulary.count else {
      throw .tokenTypeCount(types: tokenTypes.count, tokens: vocabulary.count)
    }
    let addsBOS = addsBOS ?? (known == .llama3)
    if addsBOS, bosToken == nil { throw .missingBOS }
    let added = zip(vocabulary, tokenTypes).enumerated().filter { 3...4 ~= $1.1 }
    try self.init(
      BytePairParts(
        vocabulary: vocabulary, merges: merges, ignoresMerges: known == .llama3,
        added: added.map { number, token in
          AddedToken(
            text: token.0, number: Int32(number), isSpecial: token.1 == 3, isNormalised: false)
        },
        preTokenizer: known, isNFC: known == .qwen2, bosToken: addsBOS ? bosToken : nil,
        eosToken: eosToken))
  }
}
