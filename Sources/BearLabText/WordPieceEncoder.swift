/// The tokenizer of BERT: words, and of each word the longest pieces that the vocabulary has.
///
/// A piece that does not begin a word is in the vocabulary with `##` before it. A word that cannot
/// be made of pieces, or is longer than 100 characters, is the unknown token.
///
/// - Source: Devlin et al., "BERT", 2019; huggingface/tokenizers, `models/wordpiece`.
public struct WordPieceEncoder: Sendable {
  /// How text becomes words.
  public struct Settings: Sendable, Equatable {
    public var lowercases = true
    /// Nil for what ``lowercases`` says.
    public var stripsAccents: Bool?
    public var separatesIdeographs = true
    public var unknown = "[UNK]"
    /// What a text begins with.
    public var classification = "[CLS]"
    /// What a text ends with.
    public var separator = "[SEP]"
    /// Other tokens that stand for themselves where a text has them.
    public var others = ["[PAD]", "[MASK]"]

    /// The settings of `bert-base-uncased`.
    public init() {}
  }

  private static let longestWord = 100  // in characters

  public let vocabularySize: Int
  private let normaliser: BERTNormaliser
  /// By what begins a word, and by what continues one, without its `##`.
  private let starts: [[UInt8]: Int32]
  private let continuations: [[UInt8]: Int32]
  /// Of the longest token, in bytes.
  private let longestToken: Int
  private let unknown: Int32
  private let classification: Int32
  private let separator: Int32
  private let specialTokens: SpecialTokens

  /// Builds the tokenizer.
  ///
  /// - Parameters:
  ///   - vocabulary: `[V]`, the lines of `vocab.txt`.
  ///   - settings: those of `tokenizer_config.json`.
  /// - Throws: ``TokenizerError`` for an empty or repeated token, or a special one that is missing.
  public init(vocabulary: [String], settings: Settings = .init()) throws(TokenizerError) {
    let table = try TokenTable(vocabulary)
    func special(_ token: String) throws(TokenizerError) -> Int32 {
      guard let number = table[token] else { throw .missingSpecial(token) }
      return number
    }
    unknown = try special(settings.unknown)
    classification = try special(settings.classification)
    separator = try special(settings.separator)
    let named = [settings.unknown, settings.classification, settings.separator] + settings.others
    specialTokens = SpecialTokens(
      Set(named).compactMap { token in table[token].map { (Array(token.utf8), $0) } })
    let prefix = Array("##".utf8)
    starts = table.numbers
    continuations = table.numbers.reduce(into: [:]) { result, entry in
      if entry.key.starts(with: prefix) { result[Array(entry.key.dropFirst(2))] = entry.value }
    }
    longestToken = starts.keys.reduce(0) { max($0, $1.count) }
    vocabularySize = vocabulary.count
    normaliser = BERTNormaliser(
      lowercases: settings.lowercases,
      stripsAccents: settings.stripsAccents ?? settings.lowercases,
      separatesIdeographs: settings.separatesIdeographs)
  }

  /// The tokens of a text between the one that begins it and the one that ends it.
  ///
  /// - Parameters:
  ///   - text: any text; special tokens in it, such as `[SEP]`, are recognised.
  ///   - limit: of the result's length, 2 at least: what is beyond it is cut off.
  /// - Returns: the tokens, 2 at least.
  public func encode(_ text: String, limit: Int = .max) -> [Int32] {
    precondition(limit >= 2, "\(limit) tokens for a text and its two ends")
    var tokens = [classification]
    for part in specialTokens.split(text) {
      switch part {
      case .special(let token): tokens.append(token)
      case .text(let plain):
        for word in normaliser.words(of: plain) where tokens.count < limit {
          appendPieces(of: word, to: &tokens)
        }
      }
    }
    return tokens.prefix(limit - 1) + [separator]
  }

  private func appendPieces(of word: String.UnicodeScalarView, to tokens: inout [Int32]) {
    guard word.count <= Self.longestWord else { return tokens.append(unknown) }
    let bytes = Array(String(word).utf8)
    let first = tokens.count
    var start = 0
    while start < bytes.count {
      guard let (end, token) = longestPiece(of: bytes, from: start) else {
        tokens.removeSubrange(first...)
        return tokens.append(unknown)
      }
      tokens.append(token)
      start = end
    }
  }

  /// Bytes serve as well as characters: the vocabulary has only whole ones.
  private func longestPiece(of word: [UInt8], from start: Int) -> (end: Int, token: Int32)? {
    let pieces = start == 0 ? starts : continuations
    var end = min(word.count, start + longestToken)
    while end > start {
      if let token = pieces[Array(word[start..<end])] { return (end, token) }
      end -= 1
    }
    return nil
  }
}
