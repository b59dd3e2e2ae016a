public import BearLabLanguageModel

/// A prompt as a forest takes it, and what is to be injected into it.
public struct EncodedPrompt: Sendable {
  /// One element a token or slot.
  public let elements: [TokenForest.Element]
  /// What the elements' slot numbers stand for, each once.
  public let slots: [Prompt.Slot]

  /// Takes a prompt apart.
  public init(elements: [TokenForest.Element], slots: [Prompt.Slot] = []) {
    self.elements = elements
    self.slots = slots
  }
}

extension TextEncoder {
  /// The tokens of a prompt: leading slots, then BOS where the model has one, then the parts.
  public func encode(_ prompt: Prompt) -> EncodedPrompt {
    func element(_ slot: Prompt.Slot) -> TokenForest.Element {
      TokenForest.Element(token: 0, slot: slot.number)
    }
    var elements = prompt.leading.map(element)
    if let bosToken { elements.append(TokenForest.Element(token: bosToken)) }
    for part in prompt.parts {
      switch part {
      case .text(let text): elements += encode(text).map { TokenForest.Element(token: $0) }
      case .slot(let slot): elements.append(element(slot))
      }
    }
    var known: Set<Prompt.Slot> = []
    return EncodedPrompt(
      elements: elements, slots: prompt.slots.filter { known.insert($0).inserted })
  }

  /// The tokens of an answer, EOS included.
  public func answerTokens(_ text: String) -> [Int32] { encode(text) + [eosToken] }
}

extension ItemTrie {
  /// The trie of all titles of a catalogue, as a backbone writes them.
  ///
  /// - Throws: ``BearLabCore/CatalogueError`` where two titles have the same tokens, or one contains
  ///   EOS.
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
