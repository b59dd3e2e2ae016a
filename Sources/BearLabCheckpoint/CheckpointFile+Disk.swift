internal import CCrypto

#if canImport(Glibc)
internal import Glibc
#endif

// A file is a user block of 512 bytes, which HDF5 leaves to its user, and an HDF5 file behind it.
// The block holds the SHA-256 of what follows: HDF5's own checksums miss flipped bits.
extension CheckpointFile {
  private static let magic = Array("bear-lab checkpoint 1\n".utf8)

  /// Reads a checkpoint, after its hash was found right.
  ///
  /// - Throws: ``CheckpointError``; nothing in a file makes this crash.
  public init(readingFrom path: String) throws(CheckpointError) {
    let bytes: [UInt8]
    do {
      bytes = try Disk.read(path)
    } catch {
      throw .notRead(path: path, reason: error.reason)
    }
    guard bytes.starts(with: Self.magic) else { throw .notACheckpoint(path: path) }
    let header = bytes.prefix(HDF5Image.userBlock)
    guard header.elementsEqual(Self.header(for: bytes.dropFirst(HDF5Image.userBlock))) else {
      throw .damaged(path: path)
    }
    do {
      self = try HDF5Image.decode(bytes)
    } catch {
      throw .malformed(path: path, reason: error.reason)
    }
  }

  /// Writes the checkpoint, replacing what is at `path` only when all of it is on the disk.
  ///
  /// - Throws: ``CheckpointError``; the former file is then as it was.
  public func write(to path: String) throws(CheckpointError) {
    try validate()
    do {
      try Disk.replace(path, with: Self.sealed(try HDF5Image.encode(self)))
    } catch {
      throw .notWritten(path: path, reason: error.reason)
    }
  }

  /// A file with the hash of its body in its user block, whatever the two were.
  package static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = bytes.dropFirst(HDF5Image.userBlock)
    return header(for: body) + body
  }

  /// The user block in front of `body`, to the last byte.
  private static func header(for body: ArraySlice<UInt8>) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: 32)
    let status = body.withUnsafeBytes {
      EVP_Digest($0.baseAddress, $0.count, &hash, nil, EVP_sha256(), nil)
    }
    precondition(status == 1, "OpenSSL cannot compute SHA-256")
    let digits = Array("0123456789abcdef".utf8)
    let hexadecimal = hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    let text = magic + Array("sha256 ".utf8) + hexadecimal + Array("\n".utf8)
    return text + [UInt8](repeating: 0, count: HDF5Image.userBlock - text.count)
  }
}

/// What the system or HDF5 says about a failure, before a path is put to it.
struct Failure: Error {
  let reason: String

  init(reason: String) {
    self.reason = reason
  }

  /// The last failed call to the system.
  static func ofSystem() -> Failure { Failure(reason: String(cString: strerror(errno))) }
}

/// Whole files.
enum Disk {
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .ofSystem() }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .ofSystem() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "it is no regular file") }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if got == 0 { throw Failure(reason: "it became shorter while it was read") }
      if got > 0 { count += got } else if errno != EINTR { throw .ofSystem() }
    }
    return bytes
  }

  /// Writes beside `path`, syncs, renames, and syncs the folder.
  static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
    let temporary = "\(path).\(UInt32.random(in: 0...UInt32.max)).partial"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw .ofSystem() }
    do throws(Failure) {
      try write(bytes, to: file)
      guard rename(temporary, path) == 0 else { throw .ofSystem() }
    } catch {
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  /// Writes everything, syncs and closes.
  private static func write(_ bytes: [UInt8], to file: Int32) throws(Failure) {
    var count = 0
    var failure: Failure?
    while failure == nil, count < bytes.count {
      let put = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if put >= 0 { count += put } else if errno != EINTR { failure = .ofSystem() }
    }
    if failure == nil, fsync(file) != 0 { failure = .ofSystem() }
    if close(file) != 0, failure == nil { failure = .ofSystem() }
    if let failure { throw failure }
  }

  /// Makes a rename last through a power cut.
  private static func syncFolder(of path: String) throws(Failure) {
    let name = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .ofSystem() }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw .ofSystem() }
  }
}
