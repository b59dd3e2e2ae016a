internal import Foundation

/// A line cut into words as a shell does it: quotes keep spaces, a backslash the next character; at
/// the beginning of a word `~/` is the home folder, and `#` a comment.
public struct CommandWords: Sendable, Equatable {
  /// A word as it was meant.
  public struct Word: Sendable, Equatable {
    public let text: String
    /// Where it begins in the line, its quote included.
    public let start: String.Index
    /// Whether it begins with a `~` that is neither quoted nor escaped.
    let hasTilde: Bool

    /// The text as a command is to have it.
    fileprivate var expanded: String { hasTilde ? CommandWords.expandingHome(text) : text }
  }

  public let words: [Word]
  /// The quote that is not closed at the end of the line; nil for none.
  public let openQuote: Character?
  /// Whether the line ends within a word, so that more letters would make it longer.
  public let endsInWord: Bool

  /// The words' texts.
  public var texts: [String] { words.map(\.text) }

  /// Cuts a line, also an unfinished one.
  public init(_ line: String) {
    var words: [Word] = []
    var text = ""
    var start: String.Index?
    var hasTilde = false
    var quote: Character?
    var isEscaped = false
    func finish() {
      if let begin = start {
        words.append(Word(text: text, start: begin, hasTilde: hasTilde))
      }
      (text, start) = ("", nil)
    }
    for (index, character) in zip(line.indices, line) {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if let open = quote {
        switch character {
        case open: quote = nil
        case "\\" where open == "\"": isEscaped = true
        default: text.append(character)
        }
      } else if character.isWhitespace {
        finish()
      } else if character == "#", start == nil {
        break
      } else {
        if start == nil {
          start = index
          hasTilde = character == "~"
        }
        switch character {
        case "\"", "'": quote = character
        case "\\": isEscaped = true
        default: text.append(character)
        }
      }
    }
    endsInWord = start != nil
    finish()
    self.words = words
    openQuote = quote
  }

  /// The words of a whole line.
  ///
  /// - Throws: ``REPLError/openQuote(_:)``.
  public static func split(_ line: String) throws(REPLError) -> [String] {
    let words = CommandWords(line)
    guard words.openQuote == nil else { throw .openQuote(line) }
    return words.words.map(\.expanded)
  }

  /// A path whose `~/` is the home folder's.
  static func expandingHome(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] else {
      return path
    }
    return home + path.dropFirst()
  }

  /// A text as one word of a line.
  public static func quoted(_ text: String) -> String {
    let isPlain = text.allSatisfy {
      !$0.isWhitespace && !"\"'\\#".contains($0)
    }
    guard !isPlain || text.isEmpty || text.hasPrefix("~") else { return text }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }
}
