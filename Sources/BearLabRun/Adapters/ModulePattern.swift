internal import Foundation

/// A pattern for modules of a model, matched as PEFT does.
///
/// It is a regular expression for the end of a module's name, from its start or from behind a dot:
/// `(.*\.)?(pattern)$`.
///
/// - Source: huggingface/peft, `src/peft/utils/other.py`, `get_pattern_key`.
struct ModulePattern {
  private enum Form {
    /// Letters, digits, `_` and dots, which stand for any character.
    case plain([UInt8])
    case expression(Regex<AnyRegexOutput>)
  }

  private let form: Form

  /// Reads a pattern; nil for what is no regular expression.
  init?(_ pattern: String, wholeName: Bool = false) {
    let bytes = Array(pattern.utf8)
    if !wholeName, bytes.allSatisfy(Self.isPlain) {
      form = .plain(bytes)
      return
    }
    let text = wholeName ? pattern : "(.*\\.)?(\(pattern))"
    guard let expression = try? Regex(text) else { return nil }
    form = .expression(expression)
  }

  func matches(_ module: String) -> Bool {
    switch form {
    case .plain(let pattern):
      let name = Array(module.utf8)
      guard name.count >= pattern.count, !pattern.isEmpty else { return pattern.isEmpty }
      let start = name.count - pattern.count
      return (start == 0 || name[start - 1] == Self.dot)
        && zip(name[start...], pattern).allSatisfy { $0 == $1 || $1 == Self.dot }
    case .expression(let expression):
      return (try? expression.wholeMatch(in: module)) != nil
    }
  }

  private static let dot = UInt8(ascii: ".")

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), dot:
      true
    default: false
    }
  }
}

/// Values for modules by patterns, of which the first that matches wins.
struct PatternTable<Value> {
  private let rows: [(pattern: ModulePattern, value: Value)]

  init(_ rows: [(ModulePattern, Value)]) { self.rows = rows.map { (pattern: $0, value: $1) } }

  /// The value for a module; nil where no pattern matches.
  subscript(module: String) -> Value? { rows.first { $0.pattern.matches(module) }?.value }
}

extension JSONValue {
  /// Sorts the keys of an object by their order in the text, which a decoder does not keep.
  ///
  /// - Parameters:
  ///   - keys: of the object.
  ///   - name: its own key.
  ///   - text: valid JSON, in which `name` is a key once.
  /// - Returns: the keys; any that the text has not as they are come last.
  static func sorted(
    _ keys: some Sequence<String>, ofObject name: String, in text: String
  )
    -> [String]
  {
    let start = text.range(of: "\"\(name)\"")?.upperBound ?? text.startIndex
    func place(_ key: String) -> String.Index {
      // What JSON must escape, and Python escapes.
      let written = key.unicodeScalars.map { scalar in
        switch scalar {
        case "\\", "\"": "\\\(scalar)"
        default: scalar.isASCII ? "\(scalar)" : String(format: "\\u%04x", scalar.value)
        }
      }.joined()
      return text.range(of: "\"\(written)\"", range: start..<text.endIndex)?.lowerBound
        ?? text.endIndex
    }
    return keys.map { ($0, place($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
  }
}
