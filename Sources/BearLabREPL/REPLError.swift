public import BearLabCore

/// What can be wrong with a line that was typed.
public enum REPLError: BearLabError, Equatable {
  case openQuote(String)
  case unknownCommand(String, known: [String])
  case missing(command: String, what: String)
  case tooMany(command: String, words: [String])
  case unknownWord(command: String, String, known: [String])
  case nothingSet(String)
  case file(path: String, reason: String)

  public var description: String {
    switch self {
    case .openQuote(let line): "a quote is not closed in: \(line)"
    case .unknownCommand(let name, _): "there is no command '\(name)'"
    case .missing(let command, let what): "\(command): \(what) is missing"
    case .tooMany(let command, let words):
      "\(command): too many words: \(words.joined(separator: " "))"
    case .unknownWord(let command, let word, _): "\(command): '\(word)' is not known"
    case .nothingSet(let name): "nothing is set of '\(name)'"
    case .file(let path, let reason): "\(path): \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .openQuote: "close it, or write \\\" for a quote that belongs to the word"
    case .unknownCommand(let name, let known):
      Suggestion.remedy(for: name, among: known, noun: "command")
    case .missing(let command, _), .tooMany(let command, _): "see: help \(command)"
    case .unknownWord(_, _, let known): "give \(known.joined(separator: ", ")), or nothing"
    case .nothingSet: "see what is set with: show"
    case .file: "give the path of a file that can be read or written"
    }
  }
}
