internal import BearLabCore
internal import Foundation

/// Writes the official layout.
enum OfficialFolder {
  /// What a data set is.
  struct Content {
    /// `[items]`: the title of item i + 1.
    let titles: [String]
    let train: Slice<WindowTable>
    let validation: Slice<WindowTable>
    let test: Slice<WindowTable>
  }

  /// - Throws: ``PreparationError/exists(path:)``.
  static func requireAbsent(_ folder: String) throws(PreparationError) {
    if FileManager.default.fileExists(atPath: folder) { throw .exists(path: folder) }
  }

  /// Writes beside `folder`, then renames: it is there whole or not at all.
  ///
  /// - Throws: ``PreparationError``.
  static func write(
    _ content: Content, record: PreparationRecord, to folder: String
  ) throws(PreparationError) {
    try requireAbsent(folder)
    // A slash at the end would put the partial folder inside.
    let target = URL(filePath: folder).standardizedFileURL
    let partial = target.deletingLastPathComponent()
      .appending(path: "\(target.lastPathComponent).\(UUID().uuidString).partial")
    let files = FileManager.default
    do {
      try files.createDirectory(at: partial, withIntermediateDirectories: true)
      try write(content, record, into: partial.path(percentEncoded: false))
      try files.moveItem(at: partial, to: target)
    } catch {
      try? files.removeItem(at: partial)
      throw .cannotWrite(path: folder, reason: error.localizedDescription)
    }
  }

  private static func write(
    _ content: Content, _ record: PreparationRecord, into folder: String
  ) throws {
    try writeTitles(content.titles, to: "\(folder)/id2name4Rec.json")
    try write(content.train, to: "\(folder)/train.csv")
    try write(sample(content.train, ValidationSplit.trainLimit), to: "\(folder)/train_10000.csv")
    if !content.validation.isEmpty { try write(content.validation, to: "\(folder)/valid.csv") }
    try write(content.test, to: "\(folder)/test.csv")
    let test = content.test
    try write(
      test.count > ValidationSplit.evaluationLimit
        ? sample(test, ValidationSplit.evaluationLimit) : Array(test),
      to: "\(folder)/test_5000.csv")
    var file = try OutputFile("\(folder)/\(PreparationRecord.fileName)")
    try file.write("\(record.json())\n".utf8)
    try file.close()
  }

  private static func sample(_ windows: Slice<WindowTable>, _ limit: Int) -> [Window] {
    Permutation.shuffled(count: windows.count).prefix(limit).map {
      windows[windows.startIndex + $0]
    }
  }

  private static func write(_ windows: some Sequence<Window>, to path: String) throws {
    var file = try OutputFile(path)
    try file.write("user_id,item_ids,timestamp\n".utf8)
    for window in windows {
      let items = (window.history + [window.target]).map(String.init).joined(separator: ", ")
      try file.write("\(window.user),\"[\(items)]\",\(window.timestamp)\n".utf8)
    }
    try file.close()
  }

  /// In the way of Python's `json.dump` with an indentation of 4, and letters beyond ASCII as they
  /// are.
  private static func writeTitles(_ titles: [String], to path: String) throws {
    var file = try OutputFile(path)
    for (index, title) in titles.enumerated() {
      let start = index == 0 ? "{\n" : ",\n"
      try file.write("\(start)    \"\(index + 1)\": \"\(escaped(title))\"".utf8)
    }
    try file.write("\n}".utf8)
    try file.close()
  }

  private static let escapes: [Unicode.Scalar: String] = [
    "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{8}": "\\b",
    "\u{C}": "\\f",
  ]

  private static func escaped(_ title: String) -> String {
    title.unicodeScalars.reduce(into: "") { text, scalar in
      if let escape = escapes[scalar] {
        text += escape
      } else if scalar.value < 0x20 {
        text += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}

/// A file that is written a part at a time.
private struct OutputFile {
  private static let part = 1 << 20
  private let handle: FileHandle
  private var buffer: [UInt8] = []

  init(_ path: String) throws {
    try Data().write(to: URL(filePath: path))
    handle = try FileHandle(forWritingTo: URL(filePath: path))
  }

  mutating func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.part { try flush() }
  }

  /// Writes what is left, down to the disk.
  mutating func close() throws {
    try flush()
    try handle.synchronize()
    try handle.close()
  }

  private mutating func flush() throws {
    try handle.write(contentsOf: Data(buffer))
    buffer.removeAll(keepingCapacity: true)
  }
}
