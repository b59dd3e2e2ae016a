public import BearLabCore

/// What can be wrong with the files of a data set.
public enum DataError: BearLabError, Equatable {
  case unrecognised(folder: String, layouts: [String])
  case unreadable(file: String, reason: String)
  /// Lines are counted from 1, the header included.
  case invalid(file: String, line: Int, what: String, value: String, accepted: String)
  case missingColumn(file: String, column: String, present: [String])
  case empty(file: String, what: String)

  public var description: String {
    switch self {
    case .unrecognised(let folder, _): "\(folder) holds no data set in a known layout"
    case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
    case .invalid(let file, let line, let what, let value, _):
      "\(file), line \(line): \(what) cannot be '\(Self.shortened(value))'"
    case .missingColumn(let file, let column, let present):
      "\(file), line 1: there is no column '\(column)' among '\(present.joined(separator: ", "))'"
    case .empty(let file, let what): "\(file) holds no \(what)"
    }
  }

  public var remedy: String {
    switch self {
    case .unrecognised(_, let layouts):
      "give a folder with \(layouts.joined(separator: "; or "))"
    case .unreadable: "check that the file exists, may be read and is UTF-8 text"
    case .invalid(_, _, _, _, let accepted): "give \(accepted)"
    case .missingColumn(_, let column, _): "name a column '\(column)' in the header"
    case .empty(_, let what): "give a file with \(what)"
    }
  }

  /// A value that a terminal shows on one line.
  private static func shortened(_ value: String) -> String {
    let line = value.replacing("\n", with: "\\n")
    return line.count <= 120 ? line : "\(line.prefix(120))…"
  }
}
