internal import BearLabFormats
internal import CZlib

/// The lines of a text file, plain or gzip, read a part at a time.
///
/// Memory is that of a part, or of the longest line.
final class LineReader {
  private static let part = 1 << 20
  /// The longest line, in bytes: no review comes near it, and a file without line ends is no dump.
  static let longest = 1 << 24

  let path: String
  /// The number of the line last read, from 1.
  private(set) var line = 0
  private let file: gzFile
  private var buffer = [UInt8](repeating: 0, count: part)
  private var start = 0
  private var end = 0
  private var isAtEnd = false

  /// Opens a file; which kind it is, its first bytes say.
  ///
  /// - Throws: ``DataError/file(_:)``.
  init(path: String) throws(DataError) {
    // Looks at the file's kind, and lets no named pipe wait for a writer.
    do { _ = try MappedFile(path: path) } catch { throw .file(error) }
    guard let file = gzopen(path, "rb") else {
      throw .file(.cannotOpen(path: path, reason: "zlib cannot read it"))
    }
    gzbuffer(file, 1 << 18)
    self.path = path
    self.file = file
  }

  deinit { gzclose_r(file) }

  /// The next line without its end; nil behind the last one.
  ///
  /// - Throws: ``PreparationError/damaged(file:line:reason:)`` or
  ///   ``PreparationError/lineTooLong(file:line:limit:)``.
  func next() throws(PreparationError) -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let feed = buffer[searched..<end].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = feed + 1 }
        return content(start..<feed)
      }
      if isAtEnd {
        guard start < end else { return nil }
        defer { start = end }
        return content(start..<end)
      }
      searched = end - start
      try fill()
    }
  }

  /// Counts a line, and takes a byte order mark and a carriage return off it.
  private func content(_ range: Range<Int>) -> ArraySlice<UInt8> {
    line += 1
    var content = buffer[range]
    if line == 1, content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
    return content.last == UInt8(ascii: "\r") ? content.dropLast() : content
  }

  /// Moves what is left to the front, and reads behind it.
  private func fill() throws(PreparationError) {
    let left = end - start
    for offset in 0..<left { buffer[offset] = buffer[start + offset] }
    start = 0
    end = left
    if left == buffer.count {
      guard left < Self.longest else {
        throw .lineTooLong(file: path, line: line + 1, limit: Self.longest)
      }
      buffer.append(contentsOf: repeatElement(0, count: left))
    }
    let count = buffer.withUnsafeMutableBytes { bytes in
      gzread(file, bytes.baseAddress?.advanced(by: left), UInt32(bytes.count - left))
    }
    var code: Int32 = 0
    let message = gzerror(file, &code)
    // At the end of a file that is cut off, zlib reads nothing and still has something to say.
    guard count >= 0, code == Z_OK else {
      let reason = message.map { String(cString: $0) } ?? "error \(code)"
      throw .damaged(file: path, line: line + 1, reason: reason)
    }
    end += Int(count)
    isAtEnd = count == 0
  }
}
