/// A token that is found in text before the pattern cuts it.
struct AddedToken {
  let text: String
  let number: Int32
  /// Such as `<|im_end|>`: titles and prompts are not searched for these.
  let isSpecial: Bool
  /// Whether it is looked for in the normalised text, after those that are not.
  let isNormalised: Bool
}

/// The tokens that one way of encoding looks for.
struct AddedTokens: Sendable {
  private let asWritten: SpecialTokens
  private let normalised: SpecialTokens
  private let isNFC: Bool

  /// Takes the tokens, and whether text is brought into form C.
  init(_ tokens: [AddedToken], isNFC: Bool) {
    func table(_ tokens: [AddedToken]) -> SpecialTokens {
      SpecialTokens(
        tokens.map { token in
          let isChanged = isNFC && token.isNormalised
          return (Array((isChanged ? FormC.normalised(token.text) : token.text).utf8), token.number)
        })
    }
    asWritten = table(tokens.filter { !$0.isNormalised })
    normalised = table(tokens.filter(\.isNormalised))
    self.isNFC = isNFC
  }

  /// Splits text at the tokens; what lies between is normalised.
  func split(_ text: String) -> [SpecialTokens.Part] {
    asWritten.split(text).flatMap { part in
      switch part {
      case .text(let plain): normalised.split(isNFC ? FormC.normalised(plain) : plain)
      case .special: [part]
      }
    }
  }
}
