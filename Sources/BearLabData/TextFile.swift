internal import BearLabFormats
internal import Foundation

/// A text file as read, and the path that errors name.
struct TextFile {
  let path: String
  let text: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
  }

  /// Reads `name` in `folder`.
  ///
  /// - Throws: ``DataError/file(_:)`` where there is no such file, or no UTF-8 in it.
  init(_ name: String, in folder: String) throws(DataError) {
    path = Self.path(of: name, in: folder)
    do {
      text = try MappedFile.text(path: path)
    } catch {
      throw .file(error)
    }
  }

  /// The text of a line, counted from 1.
  func line(_ number: Int) -> Substring {
    text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
      .dropFirst(number - 1).first ?? ""
  }

  /// The path of `name` in `folder`.
  static func path(of name: String, in folder: String) -> String {
    URL(filePath: folder).appending(path: name).path(percentEncoded: false)
  }

  /// Whether `folder` has a file `name`.
  static func exists(_ name: String, in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: path(of: name, in: folder))
  }

  /// The last component of the folder's path, `.` and `..` resolved.
  static func lastComponent(of folder: String) -> String {
    URL(filePath: folder).standardizedFileURL.lastPathComponent
  }

  /// An error about one line.
  func invalid(
    line: Int, _ what: String, _ value: some StringProtocol, accepted: String
  ) -> DataError {
    .invalid(file: path, line: line, what: what, value: String(value), accepted: accepted)
  }

  /// The integer of a cell.
  func integer(
    _ cell: some StringProtocol, line: Int, column: String
  ) throws(DataError) -> Int {
    guard let number = Int(cell) else {
      throw invalid(line: line, column, cell, accepted: "an integer")
    }
    return number
  }
}
