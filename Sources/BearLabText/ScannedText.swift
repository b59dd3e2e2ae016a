/// A text as UTF-8, with the kind of each of its scalars.
///
/// Kinds are those of Swift's Unicode, 17. The regular expressions of huggingface/tokenizers 0.23
/// know Unicode 16: they do not yet take the 4,657 letters and numbers of 17 for such. White space
/// is the same.
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

  /// Where the run of a kind that starts at `start` ends, at `limit` at the latest.
  func run(of kind: Kind, from start: Int, to limit: Int) -> Int {
    var end = start
    while end < limit, kinds[end] == kind { end += 1 }
    return end
  }

  /// Whether a scalar is `\r` or `\n`.
  func isLineEnd(_ scalar: Int) -> Bool {
    firstByte(scalar) == UInt8(ascii: "\r") || firstByte(scalar) == UInt8(ascii: "\n")
  }

  /// The small ASCII letter that a scalar is but for its case, ſ (U+017F) being an s; else its
  /// first byte.
  func folded(_ scalar: Int) -> UInt8 {
    let byte = firstByte(scalar)
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return byte | 0x20
    case 0xC5 where utf8[starts[scalar] + 1] == 0xBF: return UInt8(ascii: "s")
    default: return byte
    }
  }

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
