/// Token numbers by token, told apart byte by byte: a `String`'s equality would unite tokens that
/// are canonically equivalent.
struct TokenTable {
  /// The bytes without which a vocabulary cannot be one of text: printable ASCII and the blank.
  private static let indispensable = UInt8(ascii: " ")...UInt8(ascii: "~")

  private(set) var numbers: [[UInt8]: Int32] = [:]

  init(_ vocabulary: [String]) throws(TokenizerError) {
    numbers.reserveCapacity(vocabulary.count)
    for (number, token) in vocabulary.enumerated() {
      guard !token.isEmpty else { throw .emptyToken(Int32(number)) }
      if let first = numbers.updateValue(Int32(number), forKey: Array(token.utf8)) {
        throw .duplicateToken(token, first: first, second: Int32(number))
      }
    }
  }

  /// The number of a token.
  subscript(token: String) -> Int32? { numbers[Array(token.utf8)] }

  /// `[256]`: the token of each byte, or -1.
  func byteTokens() throws(TokenizerError) -> [Int32] {
    let tokens = ByteAlphabet.scalars.map { numbers[Array(String($0).utf8)] ?? -1 }
    for byte in Self.indispensable where tokens[Int(byte)] < 0 { throw .missingByte(byte) }
    return tokens
  }

  /// The merges, ranked in their order.
  func merger(_ merges: [String]) throws(TokenizerError) -> BytePairMerger {
    var merger = BytePairMerger(capacity: merges.count)
    for (rank, text) in merges.enumerated() {
      let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        .map { Array($0) }
      guard parts.count == 2 else { throw .malformedMerge(text, index: rank) }
      guard let left = numbers[parts[0]], let right = numbers[parts[1]],
        let merged = numbers[parts[0] + parts[1]]
      else { throw .mergeOutsideVocabulary(text, index: rank) }
      guard merger.add(left, right, .init(rank: UInt32(rank), token: merged)) else {
        throw .duplicateMerge(text, index: rank)
      }
    }
    return merger
  }
}
