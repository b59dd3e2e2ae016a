internal import Foundation

/// Cleans text and cuts it into the words of BERT: `BasicTokenizer` of the original code.
///
/// Character by character: control characters go; CJK ideographs become words of their own; with
/// `stripsAccents` the text is decomposed (NFD) and loses its nonspacing marks; with `lowercases` it
/// is lower-cased. Words end at white space, and each punctuation character is one.
///
/// Categories are those of Swift's Unicode. Those of huggingface/tokenizers are older: some 660
/// characters of rare scripts, assigned since, are marks or punctuation here and letters there.
///
/// - Source: Devlin et al., "BERT", 2019; google-research/bert, `tokenization.py`, in the variant of
///   huggingface/tokenizers, `normalizers/bert.rs` and `pre_tokenizers/bert.rs`.
struct BERTNormaliser: Sendable, Equatable {
  let lowercases: Bool
  let stripsAccents: Bool
  let separatesIdeographs: Bool

  /// The words of a text, none empty.
  func words(of text: String) -> [String.UnicodeScalarView] {
    var words: [String.UnicodeScalarView] = []
    var word = String.UnicodeScalarView()
    func end() {
      if !word.isEmpty { words.append(word) }
      word = .init()
    }
    for scalar in normalised(text).unicodeScalars {
      if scalar.properties.isWhitespace {
        end()
      } else if Self.isPunctuation(scalar) {
        end()
        words.append(.init([scalar]))
      } else {
        word.append(scalar)
      }
    }
    end()
    return words
  }

  private func normalised(_ text: String) -> String {
    var cleaned = String.UnicodeScalarView()
    for scalar in text.unicodeScalars where !Self.isRemoved(scalar) {
      if separatesIdeographs, Self.isIdeograph(scalar) {
        cleaned.append(contentsOf: [" ", scalar, " "])
      } else {
        cleaned.append(scalar)
      }
    }
    var result = String(cleaned)
    if stripsAccents {
      var plain = String.UnicodeScalarView()
      for scalar in result.decomposedStringWithCanonicalMapping.unicodeScalars
      where scalar.properties.generalCategory != .nonspacingMark {
        plain.append(scalar)
      }
      result = String(plain)
    }
    // Of each scalar alone: a whole string's would look at a sigma's neighbours.
    return lowercases
      ? result.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping } : result
  }

  /// Whether a character is dropped: of a control category, other than tab, line feed and return,
  /// or the one that stands for what could not be decoded.
  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": false
    case "\u{FFFD}": true
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse: true
      default: false
      }
    }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    // ASCII's symbols count, such as + and $.
    case "!"..."/", ":"..."@", "["..."`", "{"..."~": true
    default:
      switch scalar.properties.generalCategory {
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation:
        true
      default: false
      }
    }
  }

  /// Whether a character is in a block of Chinese ideographs, which words are not delimited in.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
