internal import Foundation

/// How a data set was made: `preparation.json` beside its files.
public struct PreparationRecord: Codable, Sendable, Equatable {
  /// The name of the file.
  public static let fileName = "preparation.json"

  /// A file that was read.
  public struct Source: Codable, Sendable, Equatable {
    public let file: String
    public let sha256: String
    /// A header and empty lines left out.
    public let lines: Int
    public let malformed: Int
  }

  /// What was counted on the way; the last ones are those of the data set.
  public struct Counts: Codable, Sendable, Equatable {
    public internal(set) var interactionsRead = 0
    /// Later interactions of a user with an item, where these go.
    public internal(set) var repeatsRemoved = 0
    /// Interactions with items that have no title, or one that is too short or too long.
    public internal(set) var untitledRemoved = 0
    public internal(set) var users = 0
    public internal(set) var items = 0
    public internal(set) var interactions = 0
    /// Interactions over users times items.
    public internal(set) var density = 0.0
    public internal(set) var train = 0
    public internal(set) var validation = 0
    public internal(set) var test = 0
  }

  /// The layout of the dump, or the name of a synthetic data set.
  public let source: String
  public let files: [Source]
  /// Nil for a synthetic data set.
  public let settings: PreparationSettings?
  public let counts: Counts
  /// The first malformed lines, and what else a reader should know.
  public let notices: [String]
}

extension PreparationRecord {
  /// The record as it is in `preparation.json`.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The record in words, a fact a line.
  public var text: String {
    let read = files.map { file in
      "\(file.file): \(file.lines) lines"
        + (file.malformed > 0 ? ", \(file.malformed) of them malformed" : "")
    }
    let removed = [
      (counts.repeatsRemoved, "later ones of a user with an item"),
      (counts.untitledRemoved, "with items that have no title to be used"),
    ].filter { $0.0 > 0 }.map { "removed: \($0.0) \($0.1)" }
    let left = [
      "users \(counts.users), items \(counts.items), interactions \(counts.interactions) of "
        + "\(counts.interactionsRead), "
        + String(format: "density %.4f %%", 100 * counts.density),
      "windows: train \(counts.train), validation \(counts.validation), test \(counts.test)",
    ]
    return ([source] + read + removed + left + notices).joined(separator: "\n")
  }
}
