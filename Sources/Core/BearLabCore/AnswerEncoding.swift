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
  /// - Throws: ``CatalogueError`` where two titles have the same tokens, or one contains EOS.
  public init(
    catalogue: Catalogue, backbone: some Backbone, encoder: some TextEncoder
  ) throws(CatalogueError) {
    let answers = catalogue.titles.map { encoder.encode(backbone.answer(title: $0)) }
    func named(_ title: Int) -> CatalogueError.Title {
      CatalogueError.Title(
        text: catalogue.titles[title], item: catalogue.items(withTitle: title)[0])
    }
    for (title, answer) in answers.enumerated() {
      guard let place = answer.firstIndex(of: encoder.eosToken) else { continue }
      throw .containsEOS(named(title), token: encoder.eosToken, place: place)
    }
    do {
      try self.init(paths: answers.map { $0 + [encoder.eosToken] })
    } catch .samePath(let first, let second) {
      throw .sameTokens(named(first), named(second), tokens: answers[first])
    } catch {
      preconditionFailure("paths that only end with EOS: \(error)")
    }
  }
}

/// Why the titles of a catalogue cannot be told apart by a model.
public enum CatalogueError: BearLabError, Equatable {
  /// A title, and the first item that bears it.
  public struct Title: Sendable, Equatable, CustomStringConvertible {
    public let text: String
    public let item: Int

    public var description: String { "'\(excerpt(of: text))' (item \(item))" }
  }

  case sameTokens(Title, Title, tokens: [Int32])
  case containsEOS(Title, token: Int32, place: Int)

  public var description: String {
    switch self {
    case .sameTokens(let first, let second, let tokens):
      "the titles \(first) and \(second) have the same \(tokens.count) tokens, "
        + excerpt(of: "\(tokens)")
    case .containsEOS(let title, let token, let place):
      "the title \(title) contains EOS, token \(token), as token \(place) of its answer"
    }
  }

  public var remedy: String {
    switch self {
    case .sameTokens:
      "use a model whose tokenizer has a token for every byte, or titles that differ in other "
        + "characters"
    case .containsEOS:
      "use a model whose EOS is a token of its own, which no text is encoded to"
    }
  }
}
