public import BearLabCore
internal import Glibc

/// A file mapped into memory for reading, unmapped when the last reference goes.
///
/// Only what is read is loaded. The file must not shrink while it is mapped: the system ends a
/// process that reads beyond the new end.
public final class MappedFile {
  public let path: String
  /// The size, in bytes; never 0.
  public let byteCount: Int
  private let base: UnsafeRawPointer

  /// Maps a file.
  ///
  /// - Throws: ``FileError`` if it is missing, no regular file, empty or not readable.
  public init(path: String) throws(FileError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.lastError()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .cannotOpen(path: path, reason: Self.lastError())
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    guard status.st_size > 0 else { throw .empty(path: path) }
    let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw .cannotOpen(path: path, reason: Self.lastError())
    }
    self.path = path
    byteCount = Int(status.st_size)
    base = UnsafeRawPointer(address)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }

  /// Reads a little-endian integer at any offset, aligned or not.
  ///
  /// - Throws: ``FileError/outOfBounds(path:offset:count:byteCount:)``.
  public func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int
  ) throws(FileError) -> Value {
    try withBytes(at: offset, count: MemoryLayout<Value>.size) { bytes in
      Value(littleEndian: bytes.loadUnaligned(as: Value.self))
    }
  }

  /// Copies `count` bytes from `offset`.
  ///
  /// - Throws: ``FileError/outOfBounds(path:offset:count:byteCount:)``.
  public func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    try withBytes(at: offset, count: count) { bytes in Array(bytes) }
  }

  /// Lends `count` bytes from `offset`, which must not escape.
  package func withBytes<Result>(
    at offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(FileError) -> Result {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw .outOfBounds(path: path, offset: offset, count: count, byteCount: byteCount)
    }
    return withExtendedLifetime(self) {
      body(UnsafeRawBufferPointer(start: base + offset, count: count))
    }
  }

  /// Gives back the memory of the pages that `count` bytes from `offset` touch: who reads them again
  /// has them read from the file again.
  package func forget(at offset: Int, count: Int) throws(FileError) {
    let page = Int(getpagesize())
    try withBytes(at: offset, count: count) { _ in
      let start = offset / page * page
      madvise(
        UnsafeMutableRawPointer(mutating: base) + start, offset + count - start, MADV_DONTNEED)
    }
  }

  /// The text of a whole file, without a byte order mark; empty for an empty file.
  ///
  /// - Throws: ``FileError``, also for bytes that are no UTF-8.
  public static func text(path: String) throws(FileError) -> String {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch .empty { return "" }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let count = try file.bytes(at: 0, count: min(file.byteCount, 3)) == mark ? 3 : 0
    let text = try file.withBytes(at: count, count: file.byteCount - count) { bytes in
      String(validating: bytes, as: UTF8.self)
    }
    if let text { return text }
    throw try file.notUTF8()
  }

  /// Where the first byte is that no UTF-8 has there.
  private func notUTF8() throws(FileError) -> FileError {
    try withBytes(at: 0, count: byteCount) { bytes in
      var decoder = UTF8()
      var iterator = bytes.makeIterator()
      var offset = 0
      var line = 1
      while case .scalarValue(let scalar) = decoder.decode(&iterator) {
        offset += UTF8.width(scalar)
        if scalar == "\n" { line += 1 }
      }
      return .notUTF8(
        path: path, line: line, offset: offset, byte: bytes[min(offset, bytes.count - 1)])
    }
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}

/// Why a file cannot be read.
public enum FileError: BearLabError, Equatable {
  case cannotOpen(path: String, reason: String)
  case notAFile(path: String)
  case empty(path: String)
  case outOfBounds(path: String, offset: Int, count: Int, byteCount: Int)
  case hashFailed(path: String)
  case notUTF8(path: String, line: Int, offset: Int, byte: UInt8)
  case notWritten(path: String, reason: String)
  case notStorable(path: String, tensor: String, value: Float, type: String)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "\(path): cannot be opened: \(reason)"
    case .notAFile(let path): "\(path): is not a regular file"
    case .empty(let path): "\(path): is empty"
    case .outOfBounds(let path, let offset, let count, let byteCount):
      "\(path): \(count) bytes wanted at offset \(offset), but the file has \(byteCount)"
    case .hashFailed(let path): "\(path): libcrypto refused to compute SHA-256"
    case .notUTF8(let path, let line, let offset, let byte):
      "\(path), line \(line): byte \(offset) of the file is \(byte), which is no UTF-8 there"
    case .notWritten(let path, let reason): "\(path) cannot be written: \(reason)"
    case .notStorable(let path, let tensor, let value, let type):
      "\(path): tensor \(tensor) holds \(value), which is no finite number in \(type)"
    }
  }

  public var remedy: String {
    switch self {
    case .cannotOpen: "check the path and its permissions"
    case .notAFile: "give the path of a file; a folder, a pipe or a device is none"
    case .notUTF8: "save the file as UTF-8 text"
    case .empty, .outOfBounds: "fetch or copy the file again; it is incomplete"
    case .hashFailed: "check the installation of OpenSSL (Debian: libssl3)"
    case .notWritten: "check the path, its permissions and the space on the disk"
    case .notStorable: "store the weights as f32, which holds every number that training gives"
    }
  }
}
