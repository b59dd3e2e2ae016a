internal import BearLabCore
package import Yams

/// Reads small YAML files, such as a person writes; what could take the parser long is refused.
package enum SafeYAML {
  /// A description of a run takes two thousand bytes.
  private static let maximumBytes = 1 << 16
  /// Aliases of aliases of … grow exponentially; with as few as this, to nothing that matters.
  private static let maximumAliases = 8

  /// What is wrong, and where.
  package struct Failure: Error {
    package let line: Int
    package let problem: String
    /// The line's text.
    package let seen: String
  }

  /// The root of the only document, or nil where there is none.
  package static func root(of text: String) throws(Failure) -> Node? {
    guard text.utf8.count <= maximumBytes else {
      throw Failure(
        line: 1, problem: "the file has \(text.utf8.count) bytes, more than \(maximumBytes)",
        seen: String(text.prefix(200)))
    }
    let aliases = text.matches(of: /\*[0-9A-Za-z_-]/)
    if aliases.count > maximumAliases {
      throw failure(
        "more than \(maximumAliases) aliases (*name)", text,
        before: aliases[maximumAliases].startIndex)
    }
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw failure(error, text)
    } catch {
      throw Failure(line: 1, problem: "\(error)", seen: "")
    }
  }

  private static func failure(_ error: YamlError, _ text: String) -> Failure {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      // What is missing at the end of the file was begun where the context is.
      let place = line(mark.line, of: text).isEmpty ? context?.mark ?? mark : mark
      let prefix = context.map { "\($0.text), " } ?? ""
      return Failure(
        line: place.line, problem: prefix + problem, seen: line(place.line, of: text))
    case .reader(let problem, let offset, _, _):
      let place = text.index(text.startIndex, offsetBy: offset ?? 0, limitedBy: text.endIndex)
      return failure(problem, text, before: place ?? text.endIndex)
    case .duplicatedKeysInMapping(let keys, let context):
      return Failure(
        line: context.mark.line, problem: "a key comes twice: \(keys.joined(separator: ", "))",
        seen: line(context.mark.line, of: text))
    default: return Failure(line: 1, problem: "\(error)", seen: "")
    }
  }

  private static func failure(
    _ problem: String, _ text: String, before place: String.Index
  ) -> Failure {
    let number = 1 + text.utf8[..<place].count { $0 == UInt8(ascii: "\n") }
    return Failure(line: number, problem: problem, seen: line(number, of: text))
  }

  private static func line(_ number: Int, of text: String) -> String {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return lines.indices.contains(number - 1) ? String(lines[number - 1]) : ""
  }
}
