public import BearLabLanguageModel

extension TextEncoder {
  /// The tokens of a prompt, BOS first where the model has one.
  ///
  /// - Parameters:
  ///   - prompt: text and slots.
  ///   - slotNumber: the number of a slot's vector, the same for equal slots.
  /// - Returns: one element a token or slot.
  public func elements(
    of prompt: Prompt, slotNumber: (Prompt.Slot) -> Int = { _ in 0 }
  ) -> [TokenForest.Element] {
    let start = bosToken.map { [TokenForest.Element(token: $0)] } ?? []
    return prompt.parts.reduce(into: start) { elements, part in
      switch part {
      case .text(let text): elements += encode(text).map { TokenForest.Element(token: $0) }
      case .slot(let slot):
        elements.append(TokenForest.Element(token: 0, slot: slotNumber(slot)))
      }
    }
  }

  /// The tokens of an answer, EOS included.
  public func answerTokens(_ text: String) -> [Int32] { encode(text) + [eosToken] }
}

extension ItemTrie {
  /// The trie of all titles of a catalogue, as a backbone writes them.
  ///
  /// - Throws: ``TrieError`` where two titles have the same tokens.
  public init(
    catalogue: Catalogue, backbone: some Backbone, encoder: some TextEncoder
  ) throws(TrieError) {
    try self.init(
      paths: catalogue.titles.map { encoder.answerTokens(backbone.answer(title: $0)) })
  }
}
