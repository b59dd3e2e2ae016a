/// How text is cut into the pieces inside which bytes are merged.
///
/// The raw values are those of the GGUF key `tokenizer.ggml.pre`.
enum PreTokenizer: String, CaseIterable {
  /// Every numeric character alone, then GPT-2's pattern within each stretch between them.
  case smollm

  /// The pieces of `text` as ranges of its bytes: in order, without gaps, none empty.
  func pieces(of text: ScannedText) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text.kinds[end] != .number { end += 1 }
      GPT2Pattern.split(text, start..<end, into: &pieces)
      if end < text.count {
        pieces.append(text.bytes(from: end, to: end + 1))
        end += 1
      }
      start = end
    }
    return pieces
  }
}

/// A text as UTF-8, with the kind of each of its scalars.
struct ScannedText {
  /// What the patterns tell apart: `\s`, `\p{L}`, `\p{N}` and the rest.
  enum Kind: UInt8 { case space, letter, number, other }

  let utf8: [UInt8]
  let kinds: [Kind]
  /// `[count + 1]`: where each scalar starts in ``utf8``.
  private let starts: [Int]

  init(_ text: String) {
    var kinds: [Kind] = []
    var starts = [0]
    kinds.reserveCapacity(text.utf8.count)
    starts.reserveCapacity(text.utf8.count + 1)
    var offset = 0
    for scalar in text.unicodeScalars {
      kinds.append(Self.kind(of: scalar))
      offset += UTF8.width(scalar)
      starts.append(offset)
    }
    utf8 = Array(text.utf8)
    self.kinds = kinds
    self.starts = starts
  }

  /// The number of scalars.
  var count: Int { kinds.count }

  /// The first byte of a scalar, which is all of it in ASCII.
  func firstByte(_ scalar: Int) -> UInt8 { utf8[starts[scalar]] }

  /// The bytes of some scalars.
  func bytes(from first: Int, to end: Int) -> Range<Int> { starts[first]..<starts[end] }

  static func kind(of scalar: Unicode.Scalar) -> Kind {
    if scalar.isASCII {
      switch UInt8(scalar.value) {
      case 9...13, 32: return .space
      case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
        return .letter
      default: return .other
      }
    }
    if scalar.properties.isWhitespace { return .space }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return .other
    }
  }
}

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
