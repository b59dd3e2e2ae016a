internal import BearLabNN

/// A prompt as a backbone writes it: text, and slots that vectors are injected into.
public struct Prompt: Sendable, Hashable {
  /// A piece of a prompt.
  public enum Part: Sendable, Hashable {
    /// Text, encoded with special tokens off.
    case text(String)
    /// One forest node whose token embedding is replaced by a vector.
    case slot(Slot)
  }

  /// What a slot stands for; equal slots get equal vectors.
  public enum Slot: Sendable, Hashable {
    /// A new word of the vocabulary, whose embedding is not trained and means nothing.
    case placeholder
    /// The representation of an item.
    case item(Int)
    /// The representation of the user with this history.
    case user(history: [Int])
  }

  /// Slots in front of BOS.
  public var leading: [Slot]
  public var parts: [Part]

  /// Creates a prompt; neighbouring texts become one, so that they are encoded together.
  public init(_ parts: [Part], leading: [Slot] = []) {
    self.leading = leading
    self.parts = parts.reduce(into: []) { joined, part in
      if case .text(let text) = part, case .text(let before) = joined.last {
        joined[joined.count - 1] = .text(before + text)
      } else {
        joined.append(part)
      }
    }
  }

  /// All slots, in their order; one may come twice.
  public var slots: [Slot] {
    leading
      + parts.compactMap { part in
        guard case .slot(let slot) = part else { return nil }
        return slot
      }
  }

  /// The prompt as text, each slot written as `[slot]`.
  public var text: String {
    String(repeating: "[slot]", count: leading.count)
      + parts.map { part in
        switch part {
        case .text(let text): text
        case .slot: "[slot]"
        }
      }.joined()
  }
}

extension Prompt.Slot {
  /// The number that stands for the slot in a forest, in every batch and every run.
  ///
  /// An item's is its id. A user's is a hash of 61 bits of the history, above all ids: of a million
  /// histories, two share one with a probability of 2e-7.
  public var number: Int {
    switch self {
    case .placeholder: 0
    case .item(let item): item
    case .user(let history):
      Int(
        history.reduce(CounterGenerator.mix(0, UInt64(history.count))) {
          CounterGenerator.mix($0, UInt64(bitPattern: Int64($1)))
        } >> 2 | 1 << 61)
    }
  }
}

/// Which of the prompts behind one history is wanted.
public struct PromptStage: Sendable, Hashable {
  /// Whether the prompt is trained on, or searched behind: a space apart in the official protocol.
  public let isTraining: Bool
  /// Whether the prompt has to do without the vectors that a backbone learns: in the first steps of a
  /// curriculum, and where nothing was learned yet.
  public let isTextOnly: Bool

  public static let training = PromptStage(isTraining: true, isTextOnly: false)
  public static let inference = PromptStage(isTraining: false, isTextOnly: false)

  /// The same prompt without learned vectors.
  public var textOnly: PromptStage { PromptStage(isTraining: isTraining, isTextOnly: true) }
}

/// Turns text into tokens of a language model.
///
/// Special tokens in the text are not recognised: titles and prompts are plain text.
public protocol TextEncoder: Sendable {
  /// The tokens of `text`, without BOS or EOS.
  func encode(_ text: String) -> [Int32]
  /// The text of some tokens; bytes that are no UTF-8 are repaired.
  func decode(_ tokens: [Int32]) -> String
  /// Put before every prompt, where the model's file says so.
  var bosToken: Int32? { get }
  /// Ends every answer.
  var eosToken: Int32 { get }
}
