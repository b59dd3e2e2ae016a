internal import Glibc

/// A file that is written front to back beside its place, and takes it when all of it is on the disk.
///
/// What is at the path stays as it was until then; a kill leaves a file beside it that ends in
/// `.partial`.
package final class PartialFile {
  /// Bytes that are gathered before they are handed to the system.
  private static let chunk = 1 << 20

  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var pending: [UInt8] = []
  private var isOpen = true
  /// Of the file so far, in bytes.
  package private(set) var byteCount = 0

  /// Makes an empty file beside `path`.
  ///
  /// - Throws: ``FileError/notWritten(path:reason:)``, as all that follows does.
  package init(replacing path: String) throws(FileError) {
    self.path = path
    temporary = "\(path).\(UInt32.random(in: 0...UInt32.max)).partial"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure(path) }
    pending.reserveCapacity(Self.chunk)
  }

  deinit {
    guard isOpen else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Adds bytes at the end.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    pending += bytes
    byteCount += bytes.count
    if pending.count >= Self.chunk { try flush() }
  }

  /// Syncs the file, renames it, and syncs the folder.
  package func finish() throws(FileError) {
    try flush()
    guard fsync(descriptor) == 0, close(descriptor) == 0 else { throw Self.failure(path) }
    isOpen = false
    guard rename(temporary, path) == 0 else {
      let failure = Self.failure(path)
      unlink(temporary)
      throw failure
    }
    try Self.syncFolder(of: path)
  }

  /// Makes a rename last through a power cut.
  package static func syncFolder(of path: String) throws(FileError) {
    let name = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw failure(path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw failure(path) }
  }

  private func flush() throws(FileError) {
    var count = 0
    while count < pending.count {
      let put = pending.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if put >= 0 { count += put } else if errno != EINTR { throw Self.failure(path) }
    }
    pending.removeAll(keepingCapacity: true)
  }

  private static func failure(_ path: String) -> FileError {
    .notWritten(path: path, reason: String(cString: strerror(errno)))
  }
}
