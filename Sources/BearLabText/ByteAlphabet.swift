/// GPT-2's one-to-one map of bytes to printable characters, in which vocabularies are written.
///
/// Printable Latin-1 bytes stand for themselves; the others take U+0100, U+0101, … in order, so
/// that a space is Ġ.
///
/// - Source: openai/gpt-2, `src/encoder.py`, `bytes_to_unicode`.
enum ByteAlphabet {
  /// `[256]`: the character of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      let printable = 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || 0xAE...0xFF ~= byte
      defer { next += printable ? 0 : 1 }
      // No value here is a surrogate, the only reason for nil.
      return Unicode.Scalar(printable ? byte : next) ?? " "
    }
  }()

  private static let bytes = Dictionary(
    uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

  /// The bytes that a token stands for, or nil if it has characters from outside the alphabet.
  static func bytes(of token: String) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(token.utf8.count)
    for scalar in token.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
