public import BearLabCore

/// What can go wrong while a data set is made from a dump.
public enum PreparationError: BearLabError, Equatable {
  case missing(path: String)
  case unknownLayout(String, known: [String])
  case unrecognised(source: String, present: [String], layouts: [String])
  case severalFiles(folder: String, what: String, files: [String])
  case noTitles(source: String, layout: String)
  case badSetting(name: String, value: String, accepted: String)
  case lineTooLong(file: String, line: Int, limit: Int)
  case damaged(file: String, line: Int, reason: String)
  case tooManyMalformed(file: String, count: Int, lines: Int, share: Double, first: [String])
  case nothingLeft(source: String, interactions: Int, what: String)
  case exists(path: String)
  case cannotWrite(path: String, reason: String)

  public var description: String {
    switch self {
    case .missing(let path): "there is no file or folder \(path)"
    case .unknownLayout(let name, _): "there is no layout of dumps '\(excerpt(of: name))'"
    case .unrecognised(let source, let present, _):
      "\(source) is no dump in a known layout, but "
        + (present.isEmpty ? "nothing" : excerpt(of: present.joined(separator: ", ")))
    case .severalFiles(let folder, let what, let files):
      "\(folder) holds several files of \(what): \(excerpt(of: files.joined(separator: ", ")))"
    case .noTitles(let source, let layout):
      "there is no file of titles beside \(source), a dump in the layout '\(layout)'"
    case .badSetting(let name, let value, _): "\(name) cannot be '\(excerpt(of: value))'"
    case .lineTooLong(let file, let line, let limit):
      "\(file), line \(line): has more than \(limit) bytes"
    case .damaged(let file, let line, let reason):
      "\(file), line \(line): cannot be decompressed: \(excerpt(of: reason))"
    case .tooManyMalformed(let file, let count, let lines, _, let first):
      "\(file): \(count) of \(lines) lines are malformed: "
        + excerpt(of: first.joined(separator: "; "), limit: 1000)
    case .nothingLeft(let source, let interactions, let what):
      "\(source): of \(interactions) interactions \(what)"
    case .exists(let path): "\(path) is there already"
    case .cannotWrite(let path, let reason): "\(path) cannot be written: \(excerpt(of: reason))"
    }
  }

  public var remedy: String {
    switch self {
    case .missing: "check the path"
    case .unknownLayout(let name, let known):
      Suggestion.remedy(for: name, among: known, noun: "layout")
    case .unrecognised(_, _, let layouts): "give one of these: \(layouts.joined(separator: "; "))"
    case .severalFiles: "give the path of one of them; --titles names that of the titles"
    case .noTitles: "name the file that has them: --titles FILE"
    case .badSetting(_, _, let accepted): "give \(accepted)"
    case .lineTooLong: "give a file of text with a record a line"
    case .damaged: "fetch or copy the file again; it is incomplete or damaged"
    case .tooManyMalformed(_, _, _, let share, _):
      "check the layout and the columns, or allow more than \(share) of all lines: --malformed"
    case .nothingLeft: "give more data, or a smaller --core; check that titles and items match"
    case .exists: "give the path of a folder that does not exist"
    case .cannotWrite: "check the path, its permissions and the space on the disk"
    }
  }
}
