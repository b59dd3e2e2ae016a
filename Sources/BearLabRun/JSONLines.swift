internal import BearLabCheckpoint
internal import Foundation

/// A file of one JSON object a line, each written out at once.
final class JSONLines {
  private let path: String
  private let handle: FileHandle
  private let encoder = JSONEncoder()

  /// Opens a file for appending, made if it is not there.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - length: in bytes, what is kept of it; nil for all whole lines. A last line that a kill or
  ///     a full disk tore is cut.
  /// - Throws: ``RunFolderError``.
  init(continuing path: String, keeping length: Int? = nil) throws(RunFolderError) {
    self.path = path
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw .notWritable(path: path, reason: String(cString: strerror(errno)))
    }
    handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      let content = try handle.readToEnd() ?? Data()
      let whole = content.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      try handle.truncate(atOffset: UInt64(min(length ?? whole, whole)))
    } catch {
      throw .notWritable(path: path, reason: systemReason(of: error))
    }
  }

  /// The length of the file in bytes, all of it on the disk.
  ///
  /// - Throws: ``RunFolderError/notWritable(path:reason:)``.
  func syncedLength() throws(RunFolderError) -> Int {
    do {
      try handle.synchronize()
      return Int(try handle.offset())
    } catch {
      throw .notWritable(path: path, reason: systemReason(of: error))
    }
  }

  /// Appends a line, its keys sorted.
  ///
  /// - Throws: ``RunFolderError/notWritable(path:reason:)``, on a full disk for example.
  func append(_ record: some Encodable) throws(RunFolderError) {
    do {
      var line = try encoder.encode(record)
      line.append(0x0A)
      try handle.write(contentsOf: line)
    } catch {
      throw .notWritable(path: path, reason: systemReason(of: error))
    }
  }
}

/// A value of a line of metrics.
enum JSONScalar: Codable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  case text(String)
  case integer(Int)
  case real(Double)

  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .integer(value) }

  /// The number; nil of a text.
  var number: Double? {
    switch self {
    case .text: nil
    case .integer(let number): Double(number)
    case .real(let number): number
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .integer(number)
    } else if let number = try? container.decode(Double.self) {
      self = .real(number)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .integer(let number): try container.encode(number)
    case .real(let number): try container.encode(number)
    }
  }
}
