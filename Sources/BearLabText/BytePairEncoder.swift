public import BearLabCore

/// A byte-level byte-pair tokenizer: the `gpt2` tokenizer model of GGUF files, and `tokenizer.json`
/// of Hugging Face.
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
  /// The tokens that a whole piece becomes before merges are looked at; empty if merges count.
  private let wholePieces: [[UInt8]: Int32]
  /// The added tokens that titles and prompts are searched for.
  private let plainTokens: AddedTokens
  /// All added tokens.
  private let allTokens: AddedTokens

  init(_ parts: BytePairParts) throws(TokenizerError) {
    let vocabulary = parts.vocabulary
    for token in [parts.bosToken, parts.eosToken].compactMap(\.self)
    where !vocabulary.indices.contains(Int(token)) {
      throw .tokenOutOfRange(token, count: vocabulary.count)
    }
    let ids = try TokenTable(vocabulary)
    // Without merges every text would be single bytes, and no error would tell.
    let trained = vocabulary.count - parts.added.count
    guard !parts.merges.isEmpty || trained <= ByteAlphabet.scalars.count else {
      throw .noMerges(tokens: vocabulary.count)
    }
    preTokenizer = parts.preTokenizer
    bosToken = parts.bosToken
    eosToken = parts.eosToken
    merger = try ids.merger(parts.merges)
    byteTokens = try ids.byteTokens()
    missingBytes = (0...255).filter { [byteTokens] in byteTokens[Int($0)] < 0 }
    plainTokens = AddedTokens(parts.added.filter { !$0.isSpecial }, isNFC: parts.isNFC)
    allTokens = AddedTokens(parts.added, isNFC: parts.isNFC)
    var tokenBytes = vocabulary.map { ByteAlphabet.bytes(of: $0) ?? Array($0.utf8) }
    wholePieces = parts.ignoresMerges ? Self.wholePieces(vocabulary, parts.added) : [:]
    for token in parts.added { tokenBytes[Int(token.number)] = Array(token.text.utf8) }
    self.tokenBytes = tokenBytes
  }

  private static func wholePieces(
    _ vocabulary: [String], _ added: [AddedToken]
  ) -> [[UInt8]: Int32] {
    let addedNumbers = Set(added.map(\.number))
    var pieces: [[UInt8]: Int32] = [:]
    pieces.reserveCapacity(vocabulary.count)
    for (number, token) in vocabulary.enumerated() where !addedNumbers.contains(Int32(number)) {
      if let bytes = ByteAlphabet.bytes(of: token) { pieces[bytes] = Int32(number) }
    }
    return pieces
  }

  /// The number of tokens, V.
  public var vocabularySize: Int { tokenBytes.count }

  /// The tokens of `text`, in which special tokens are plain text.
  public func encode(_ text: String) -> [Int32] { encode(text, lookingFor: plainTokens) }

  /// The tokens of `text` in which special tokens, such as `<|im_end|>`, are recognised.
  public func encodeWithSpecialTokens(_ text: String) -> [Int32] {
    encode(text, lookingFor: allTokens)
  }

  private func encode(_ text: String, lookingFor added: AddedTokens) -> [Int32] {
    var tokens: [Int32] = []
    for part in added.split(text) {
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
      if let whole = wholePiece(scanned.utf8[piece]) {
        tokens.append(whole)
        continue
      }
      symbols.removeAll(keepingCapacity: true)
      for byte in scanned.utf8[piece] where byteTokens[Int(byte)] >= 0 {
        symbols.append(byteTokens[Int(byte)])
      }
      merger.merge(symbols, into: &tokens, using: &space)
    }
  }

  private func wholePiece(_ bytes: ArraySlice<UInt8>) -> Int32? {
    wholePieces.isEmpty ? nil : wholePieces[Array(bytes)]
  }
}
