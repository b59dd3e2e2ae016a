/// Finds special tokens in text: the leftmost, and the longest that starts there.
struct SpecialTokens: Sendable {
  /// A stretch of text.
  enum Part: Equatable {
    case text(String)
    case special(Int32)
  }

  /// By first byte, longest first.
  private let tokens: [UInt8: [(bytes: [UInt8], number: Int32)]]

  /// Takes the bytes and numbers of the tokens; none may be empty.
  init(_ tokens: [(bytes: [UInt8], number: Int32)]) {
    self.tokens = Dictionary(grouping: tokens) { $0.bytes[0] }
      .mapValues { group in group.sorted { $0.bytes.count > $1.bytes.count } }
  }

  /// Splits text at the special tokens.
  func split(_ text: String) -> [Part] {
    if tokens.isEmpty { return text.isEmpty ? [] : [.text(text)] }
    let bytes = Array(text.utf8)
    var parts: [Part] = []
    var plain = 0  // where the text since the last special token starts
    var index = 0
    while index < bytes.count {
      guard let found = match(bytes, at: index) else {
        index += 1
        continue
      }
      append(bytes[plain..<index], to: &parts)
      parts.append(.special(found.number))
      index += found.bytes.count
      plain = index
    }
    append(bytes[plain...], to: &parts)
    return parts
  }

  private func match(_ text: [UInt8], at index: Int) -> (bytes: [UInt8], number: Int32)? {
    tokens[text[index]]?.first { text[index...].starts(with: $0.bytes) }
  }

  private func append(_ bytes: ArraySlice<UInt8>, to parts: inout [Part]) {
    if !bytes.isEmpty { parts.append(.text(String(decoding: bytes, as: UTF8.self))) }
  }
}
