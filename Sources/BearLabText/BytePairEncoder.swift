public import BearLabCore

/// A byte-level byte-pair tokenizer: the `gpt2` tokenizer model of GGUF files.
///
/// Text is cut into pieces, and within each piece pairs of tokens are merged in the order in which
/// the vocabulary was trained, starting from single bytes. A byte that the vocabulary lacks is
/// left out, as Hugging Face tokenizers do without an unknown token; see ``missingBytes``.
///
/// - Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016;
///   Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (bytes).
public struct BytePairEncoder: TextEncoder {
  public let bosToken: Int32?
  public let eosToken: Int32
  /// Bytes without a token: in real vocabularies control characters and what UTF-8 seldom has.
  public let missingBytes: [UInt8]

  private let preTokenizer: PreTokenizer
  /// `[V]`: the bytes of each token.
  private let tokenBytes: [[UInt8]]
  /// `[256]`: the token of each byte, or -1.
  private let byteTokens: [Int32]
  private let merger: BytePairMerger
  private let specialTokens: SpecialTokens

  /// Builds the tokenizer from the arrays of a model's file.
  ///
  /// - Parameters:
  ///   - vocabulary: `[V]`, `tokenizer.ggml.tokens`, in GPT-2's alphabet of bytes.
  ///   - merges: `tokenizer.ggml.merges`, two tokens separated by a blank, first merge first.
  ///   - tokenTypes: `[V]` or empty, `tokenizer.ggml.token_type`; 3 is a control token, 4 one that
  ///     a user added: both are special.
  ///   - preTokenizer: `tokenizer.ggml.pre`.
  ///   - bosToken: `tokenizer.ggml.bos_token_id`.
  ///   - eosToken: `tokenizer.ggml.eos_token_id`.
  ///   - addsBOS: `tokenizer.ggml.add_bos_token`; if false, ``bosToken`` is nil.
  /// - Throws: ``TokenizerError`` if they do not make a tokenizer.
  public init(
    vocabulary: [String], merges: [String], tokenTypes: [Int] = [], preTokenizer: String,
    bosToken: Int32?, eosToken: Int32, addsBOS: Bool
  ) throws(TokenizerError) {
    guard let known = PreTokenizer(rawValue: preTokenizer) else {
      throw .unsupportedPreTokenizer(preTokenizer)
    }
    guard tokenTypes.isEmpty || tokenTypes.count == vocabulary.count else {
      throw .tokenTypeCount(types: tokenTypes.count, tokens: vocabulary.count)
    }
    let bos = addsBOS ? bosToken : nil
    if addsBOS, bosToken == nil { throw .missingBOS }
    for token in [bos, eosToken].compactMap(\.self) where !vocabulary.indices.contains(Int(token)) {
      throw .tokenOutOfRange(token, count: vocabulary.count)
    }
    let special = vocabulary.indices.filter { !tokenTypes.isEmpty && 3...4 ~= tokenTypes[$0] }
    let ids = try TokenTable(vocabulary)
    // Without merges every text would be single bytes, and no error would tell.
    guard !merges.isEmpty || vocabulary.count - special.count <= ByteAlphabet.scalars.count else {
      throw .noMerges(tokens: vocabulary.count)
    }
    self.preTokenizer = known
    self.bosToken = bos
    self.eosToken = eosToken
    merger = try ids.merger(merges)
    byteTokens = try ids.byteTokens()
    missingBytes = (0...255).filter { [byteTokens] in byteTokens[Int($0)] < 0 }
    specialTokens = SpecialTokens(special.map { (Array(vocabulary[$0].utf8), Int32($0)) })
    var tokenBytes = vocabulary.map { ByteAlphabet.bytes(of: $0) ?? Array($0.utf8) }
    for token in special { tokenBytes[token] = Array(vocabulary[token].utf8) }
    self.tokenBytes = tokenBytes
  }

  /// The number of tokens, V.
  public var vocabularySize: Int { tokenBytes.count }

  public func encode(_ text: String) -> [Int32] {
    var tokens: [Int32] = []
    appendTokens(of: text, to: &tokens)
    return tokens
  }

  /// The tokens of `text` in which special tokens, such as `<|im_end|>`, are recognised.
  public func encodeWithSpecialTokens(_ text: String) -> [Int32] {
    var tokens: [Int32] = []
    for part in specialTokens.split(text) {
      switch part {
      case .text(let plain): appendTokens(of: plain, to: &tokens)
      case .special(let token): tokens.append(token)
      }
    }
    return tokens
  }

  /// The text of some tokens; a token outside the vocabulary becomes U+FFFD.
  public func decode(_ tokens: [Int32]) -> String {
    var bytes: [UInt8] = []
    for token in tokens {
      let isKnown = tokenBytes.indices.contains(Int(token))
      bytes += isKnown ? tokenBytes[Int(token)] : Array("\u{FFFD}".utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func appendTokens(of text: String, to tokens: inout [Int32]) {
    let scanned = ScannedText(text)
    var space = BytePairMerger.Workspace()
    var symbols: [Int32] = []
    for piece in preTokenizer.pieces(of: scanned) {
      symbols.removeAll(keepingCapacity: true)
      for byte in scanned.utf8[piece] where byteTokens[Int(byte)] >= 0 {
        symbols.append(byteTokens[Int(byte)])
      }
      merger.merge(symbols, into: &tokens, using: &space)
    }
  }
}
