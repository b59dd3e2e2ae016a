public import BearLabCore
internal import BearLabFormats
internal import Foundation

/// Interactions with a text each, as a file of JSON lines holds them.
///
///     {"user": 7, "history": [3, 1, 4], "target": 9, "label": 1, "text": "…", "timestamp": 1000}
///
/// `label` is 1 where the user took the target and 0 where not; `timestamp` may be left out.
struct ExampleFile {
  let examples: [ExampleBank.Example]
  let texts: [String]

  private struct Line: Decodable {
    let user: Int
    let history: [Int]
    let target: Int
    let label: Int
    let text: String
    let timestamp: Int?
  }

  /// Reads a file for a catalogue.
  ///
  /// - Throws: a `FileError`, or ``ExampleFileError``.
  init(readingFrom path: String, for catalogue: Catalogue) throws {
    var examples: [ExampleBank.Example] = []
    var texts: [String] = []
    for (index, text) in try MappedFile.text(path: path).split(separator: "\n").enumerated() {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
        (0...1).contains(line.label)
      else { throw ExampleFileError.malformed(path: path, example: index + 1) }
      if let item = (line.history + [line.target]).first(where: { !catalogue.contains($0) }) {
        throw ExampleFileError.unknownItem(item, path: path, example: index + 1)
      }
      examples.append(
        .init(
          user: line.user, history: line.history, target: line.target,
          isPositive: line.label == 1, timestamp: line.timestamp))
      texts.append(line.text)
    }
    self.examples = examples
    self.texts = texts
  }
}

/// What can be wrong with a file of examples.
public enum ExampleFileError: BearLabError, Equatable {
  case malformed(path: String, example: Int)
  case unknownItem(Int, path: String, example: Int)

  public var description: String {
    switch self {
    case .malformed(let path, let example): "\(path): example \(example) is not as it should be"
    case .unknownItem(let item, let path, let example):
      "\(path): example \(example) has item \(item), which the catalogue lacks"
    }
  }

  public var remedy: String {
    "write a line an example, such as "
      + #"{"user": 7, "history": [3, 1], "target": 9, "label": 1, "text": "…"}, "#
      + "with item ids of the data set"
  }
}
