public import BearLabCore

/// A letter for each token; 0 is EOS, and there is no BOS.
public struct LetterEncoder: TextEncoder {
  public let bosToken: Int32?
  public let eosToken: Int32 = 0
  /// The letter of token 0, in a block of letters that do not combine.
  private static let first: UInt32 = 0x4E00

  /// Creates the tokenizer.
  public init(bosToken: Int32? = nil) { self.bosToken = bosToken }

  public func encode(_ text: String) -> [Int32] {
    text.unicodeScalars.map { Int32(bitPattern: $0.value &- Self.first) }
  }

  public func decode(_ tokens: [Int32]) -> String {
    tokens.reduce(into: "") { text, token in
      Unicode.Scalar(Self.first + UInt32(token)).map { text.unicodeScalars.append($0) }
    }
  }
}

extension DecoderContext {
  /// The titles of a trie in letters, see ``BearLabTestSupport/LetterEncoder``; later ones are targets
  /// more often.
  public static func letters(_ trie: ItemTrie) -> DecoderContext {
    let encoder = LetterEncoder()
    let titles = (0..<trie.titleCount).map { encoder.decode(trie.tokens(of: $0).dropLast()) }
    return DecoderContext(
      catalogue: Catalogue(itemTitles: titles), targetCounts: Array(titles.indices),
      encoder: encoder)
  }
}
