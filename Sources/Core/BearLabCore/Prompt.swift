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
    /// The representation of an item.
    case item(Int)
    /// The representation of the user with this history.
    case user(history: [Int])
  }

  public var parts: [Part]

  /// Creates a prompt.
  public init(_ parts: [Part]) { self.parts = parts }

  /// The prompt as text, each slot written as `[slot]`.
  public var text: String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .slot: "[slot]"
      }
    }.joined()
  }
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
