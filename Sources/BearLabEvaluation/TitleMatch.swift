public import BearLabCore

/// When an answer counts as the right one.
public enum TitleMatch: String, Sendable, CaseIterable, ParameterReadable {
  /// The answer is the target's title.
  case leaf
  /// The answer's text after the tokenizer's clean-up of spaces is the target's raw title, as in the
  /// official script: a title that the clean-up changes can never be hit.
  case text

  /// What the clean-up replaces, in this order.
  private static let replacements: [(pattern: [UInt8], text: [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.utf8), Array($1.utf8)) }

  /// A text without the spaces that a tokenizer's decoding takes out before punctuation.
  ///
  /// - Source: section 7.2 of the method specification; `clean_up_tokenization` of transformers
  ///   4.49.0.
  public static func cleanUp(_ text: String) -> String {
    let bytes = replacements.reduce(Array(text.utf8)) { $0.replacing($1.pattern, with: $1.text) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
