// Foundation's form C takes Hangul's archaic letters for U+FFFD.
@_spi(_Unicode) private import Swift

/// Unicode's normalisation form C, in which é is one character.
enum FormC {
  /// Vowel signs of Tibetan that the standard library decomposes too late, so that the marks
  /// around them stay out of order.
  private static let vowelSigns: [Unicode.Scalar: [Unicode.Scalar]] = [
    "\u{F73}": ["\u{F71}", "\u{F72}"], "\u{F75}": ["\u{F71}", "\u{F74}"],
    "\u{F81}": ["\u{F71}", "\u{F80}"],
  ]

  /// The form of a text.
  static func normalised(_ text: String) -> String {
    // Nothing below the combining marks changes.
    if text.unicodeScalars.allSatisfy({ $0.value < 0x300 }) { return text }
    var apart = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      apart.append(contentsOf: vowelSigns[scalar] ?? [scalar])
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: String(apart)._nfc)
    return String(result)
  }
}
