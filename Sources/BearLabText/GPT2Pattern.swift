/// GPT-2's pattern, as a scanner.
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
enum GPT2Pattern {
  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map { Array($0.utf8) }

  /// Appends the pieces of some scalars; the end of the range is the end of text to the pattern.
  static func split(
    _ text: ScannedText, _ range: Range<Int>, into pieces: inout [Range<Int>]
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = match(text, start..<range.upperBound)
      pieces.append(text.bytes(from: start, to: end))
      start = end
    }
  }

  /// The end of the piece at the start of `range`.
  private static func match(_ text: ScannedText, _ range: Range<Int>) -> Int {
    let start = range.lowerBound
    if let end = contraction(text, range) { return end }
    // A blank joins what follows, unless that is white space as well.
    let hasBlank =
      text.firstByte(start) == UInt8(ascii: " ") && start + 1 < range.upperBound
      && text.kinds[start + 1] != .space
    let body = hasBlank ? start + 1 : start
    let kind = text.kinds[body]
    var end = body + 1
    while end < range.upperBound, text.kinds[end] == kind { end += 1 }
    // White space before a visible character leaves it the last one: `\s+(?!\S)`.
    let leavesLast = kind == .space && end < range.upperBound && end - start > 1
    return leavesLast ? end - 1 : end
  }

  private static func contraction(_ text: ScannedText, _ range: Range<Int>) -> Int? {
    guard text.firstByte(range.lowerBound) == UInt8(ascii: "'") else { return nil }
    for letters in contractions {
      let end = range.lowerBound + 1 + letters.count
      guard end <= range.upperBound else { continue }
      let isHere = letters.indices.allSatisfy { index in
        text.firstByte(range.lowerBound + 1 + index) == letters[index]
      }
      if isHere { return end }
    }
    return nil
  }
}
