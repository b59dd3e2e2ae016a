/// What a column of a dump tells.
public enum DumpRole: String, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
  case user
  case item
  case time
  case title
  /// The year that belongs behind a title.
  case year
}

/// How the lines of a file are to be read.
struct DumpFormat: Sendable {
  enum Syntax: Sendable, Equatable {
    /// An object a line, in JSON or as Python writes a dictionary.
    case json
    /// RFC 4180.
    case csv
    case separated(by: String)
  }

  let syntax: Syntax
  /// The names of the first columns of a file without a header; nil where its first line has them.
  var header: [String]?
  /// The columns or keys of each role; the first that a line has something in counts.
  var columns: [DumpRole: [String]]
  /// Whether cells that are no UTF-8 are ISO 8859-1, as in the older MovieLens files.
  var isOftenLatin1 = false
  /// Roles without which a line is malformed.
  var required: Set<DumpRole>

  /// The format, with the columns that a user names instead of its own.
  func replacing(_ columns: [DumpRole: String]) -> DumpFormat {
    var format = self
    for (role, name) in columns where self.columns[role] != nil { format.columns[role] = [name] }
    return format
  }
}

/// What a line of a dump tells.
struct DumpRow: Equatable {
  var user = ""
  var item = ""
  /// Unix seconds.
  var time = 0
  var title: String?

  /// The title as published data have it: with its year, where that has four digits.
  static func title(_ title: String, year: String) -> String {
    let digits = year.utf8
    let isYear =
      digits.count == 4 && digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
    return isYear ? "\(title) (\(year))" : title
  }
}

/// A layout of dumps: its files, and how they are read.
struct DumpLayout: Sendable {
  struct File: Sendable {
    /// The names that the file may have; `.gz` may follow.
    let prefix: String
    let suffixes: [String]
    /// What the name does not begin with, as another file does.
    var otherPrefix: String?
    let format: DumpFormat

    /// A file of one name.
    init(_ name: String, _ format: DumpFormat) {
      self.init(prefix: name, suffixes: [""], format)
    }

    init(prefix: String = "", suffixes: [String], not other: String? = nil, _ format: DumpFormat) {
      self.prefix = prefix
      self.suffixes = suffixes
      otherPrefix = other
      self.format = format
    }

    /// Whether a name, without `.gz`, is one of this file's.
    func matches(_ name: String) -> Bool {
      if let otherPrefix, name.hasPrefix(otherPrefix) { return false }
      guard name.hasPrefix(prefix) else { return false }
      let rest = name.dropFirst(prefix.count)
      return suffixes.contains { $0.isEmpty ? rest.isEmpty : rest.hasSuffix($0) }
    }
  }

  let name: String
  let summary: String
  let interactions: File
  /// Nil where the interactions have the titles.
  let titles: File?
  /// What becomes of a user's later interactions with an item.
  var repeats = Repeats.keep

  /// The layouts, the more special ones first.
  static let all: [DumpLayout] = [steam] + movieLens + lastFM + [recBole, csv, amazon]
}

/// What becomes of a user's later interactions with an item.
public enum Repeats: String, Sendable, Codable, CaseIterable {
  /// They stay, as in the published data.
  case keep
  /// They go.
  case first
}
