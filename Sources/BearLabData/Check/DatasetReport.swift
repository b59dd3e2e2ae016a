internal import Foundation

/// What `data check` says of a data set: Table 1, and the edge cases of section 1 of the method
/// specification.
public struct DatasetReport: Encodable, Sendable {
  /// The windows of a part.
  public struct Part: Encodable, Sendable {
    public let name: String
    public let windows: Int
    /// How many windows have each length, the target included.
    public let lengths: [Int: Int]
    /// Unix seconds of the first and the last target.
    public let first: Int
    public let last: Int
    /// Rows that are as an earlier one.
    public let duplicates: Int
    /// Windows whose target is in their own history.
    public let targetsInHistory: Int
  }

  /// What windows show; where a part is missing, as in the published data, there may be more.
  public struct Size: Encodable, Sendable {
    public let users: Int
    /// Of the catalogue.
    public let items: Int
    public let interactions: Int
    /// Interactions over users times items.
    public let density: Double
  }

  /// What is peculiar about the titles.
  public struct Titles: Encodable, Sendable {
    public let distinct: Int
    /// Titles of several items, and those items.
    public let shared: Int
    public let itemsWithShared: Int
    /// Items with such a title.
    public let empty: Int
    public let withEntity: Int
    public let withQuote: Int
    public let withNewline: Int
    public let withSpaces: Int
    public let beyondASCII: Int
    /// Titles that, in quotes, are the beginning of another one.
    public let prefixes: Int
  }

  /// What is peculiar about the targets of the test windows.
  public struct Targets: Encodable, Sendable {
    public let windows: Int
    /// In no training window, neither in a history nor as its target.
    public let neverSeen: Int
    public let withSharedTitle: Int
  }

  /// Windows that lie in the time of a later part.
  public struct Leak: Encodable, Sendable, Equatable {
    public let part: String
    public let later: String
    /// Unix seconds of the first target of the later part.
    public let split: Int
    /// Windows of the earlier part whose target is after it.
    public let windows: Int
    /// The user of the first of these, and Unix seconds of its target.
    public let user: Int
    public let timestamp: Int
  }

  public let name: String
  public let size: Size
  public let parts: [Part]
  public let titles: Titles
  public let targets: Targets
  public let leaks: [Leak]
  /// Of the tokenizers that were asked for.
  public var tokens: [TokenLengths] = []

  /// Whether training would see what comes after the split.
  public var isLeaking: Bool { !leaks.isEmpty }

  /// The report as one JSON object.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// How many tokens a tokenizer makes of titles and prompts.
public struct TokenLengths: Encodable, Sendable, Equatable {
  /// Tokens of some texts.
  public struct Spread: Encodable, Sendable, Equatable {
    public let mean: Double
    public let longest: Int

    init(_ lengths: [Int]) {
      mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
      longest = lengths.max() ?? 0
    }
  }

  /// The model's name.
  public let model: String
  /// Of the distinct titles as answers, EOS included.
  public let titles: Spread
  /// Of the targets of the test windows as answers, EOS included.
  public let targets: Spread
  /// Of the prompts behind which they are searched, BOS included.
  public let prompts: Spread
  /// Titles with the tokens of another one: no item trie can be built of these.
  public let sameTokens: Int
  /// Titles whose tokens begin another one's: EOS competes there with a longer title.
  public let prefixes: Int
  /// Titles that contain EOS.
  public let withEOS: Int

  /// Whether no item trie can be built.
  public var isUnfit: Bool { sameTokens > 0 || withEOS > 0 }
}
