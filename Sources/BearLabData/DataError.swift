public import BearLabCore
public import BearLabFormats

/// What can be wrong with the files of a data set.
public enum DataError: BearLabError, Equatable {
  case unrecognised(folder: String, present: [String], layouts: [String])
  case file(FileError)
  case malformedYAML(file: String, line: Int, problem: String, seen: String)
  /// Lines are counted from 1, the header included.
  case invalid(file: String, line: Int, what: String, value: String, accepted: String)
  case missingColumn(file: String, column: String, present: [String])
  case empty(file: String, what: String)
  /// A window of a layout of someone's own.
  case unknownItem(folder: String, user: Int, item: Int, items: Int)

  public var description: String {
    switch self {
    case .unrecognised(let folder, let present, _):
      "\(folder) holds no data set in a known layout, but "
        + (present.isEmpty ? "nothing" : excerpt(of: present.joined(separator: ", ")))
    case .file(let error): error.description
    case .malformedYAML(let file, let line, let problem, let seen):
      "\(file), line \(line): \(problem), at '\(excerpt(of: seen))'"
    case .invalid(let file, let line, let what, let value, _):
      "\(file), line \(line): \(excerpt(of: what)) cannot be '\(excerpt(of: value))'"
    case .missingColumn(let file, let column, let present):
      "\(file), line 1: there is no column '\(column)' among "
        + "'\(excerpt(of: present.joined(separator: ", ")))'"
    case .empty(let file, let what): "\(file) holds no \(what)"
    case .unknownItem(let folder, let user, let item, _):
      "\(folder): a window of user \(user) has item \(item), which is not in the catalogue"
    }
  }

  public var remedy: String {
    switch self {
    case .unrecognised(_, _, let layouts):
      "give a folder with \(layouts.joined(separator: "; or "))"
    case .file(let error): error.remedy
    case .malformedYAML:
      "write YAML, a name and a text in quotes a line: instruction: \"What next?\""
    case .invalid(_, _, _, _, let accepted): "give \(accepted)"
    case .missingColumn(_, let column, _): "name a column '\(column)' in the header"
    case .empty(_, let what): "give a file with \(what)"
    case .unknownItem(_, _, _, let items):
      "let the layout number items from 1 to the number of titles, here \(items)"
    }
  }
}
