/// The pattern of Llama 3 and of Qwen2, as a scanner; they differ in the longest number.
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
///       | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
struct Llama3Pattern {
  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map { Array($0.utf8) }

  /// In characters.
  let longestNumber: Int

  /// Appends the pieces of a text.
  func split(_ text: ScannedText, into pieces: inout [Range<Int>]) {
    var start = 0
    while start < text.count {
      let end = match(text, start)
      pieces.append(text.bytes(from: start, to: end))
      start = end
    }
  }

  /// The end of the piece at `start`.
  private func match(_ text: ScannedText, _ start: Int) -> Int {
    if let end = contraction(text, start) ?? word(text, start) { return end }
    if text.kinds[start] == .number {
      return text.run(of: .number, from: start, to: min(text.count, start + longestNumber))
    }
    return marks(text, start) ?? blanks(text, start)
  }

  private func contraction(_ text: ScannedText, _ start: Int) -> Int? {
    guard text.firstByte(start) == UInt8(ascii: "'") else { return nil }
    for letters in Self.contractions {
      let end = start + 1 + letters.count
      guard end <= text.count else { continue }
      if letters.indices.allSatisfy({ text.folded(start + 1 + $0) == letters[$0] }) { return end }
    }
    return nil
  }

  // [^\r\n\p{L}\p{N}]?\p{L}+
  private func word(_ text: ScannedText, _ start: Int) -> Int? {
    let isPrefix = text.kinds[start] != .letter && text.kinds[start] != .number
    let body = isPrefix && !text.isLineEnd(start) ? start + 1 : start
    let end = text.run(of: .letter, from: body, to: text.count)
    return end > body ? end : nil
  }

  //  ?[^\s\p{L}\p{N}]+[\r\n]*
  private func marks(_ text: ScannedText, _ start: Int) -> Int? {
    let body = text.firstByte(start) == UInt8(ascii: " ") ? start + 1 : start
    var end = text.run(of: .other, from: body, to: text.count)
    guard end > body else { return nil }
    while end < text.count, text.isLineEnd(end) { end += 1 }
    return end
  }

  // \s*[\r\n]+|\s+(?!\S)|\s+, at white space
  private func blanks(_ text: ScannedText, _ start: Int) -> Int {
    let end = text.run(of: .space, from: start, to: text.count)
    if let last = (start..<end).last(where: text.isLineEnd) { return last + 1 }
    // White space before a visible character leaves it the last one.
    return end < text.count && end - start > 1 ? end - 1 : end
  }
}
