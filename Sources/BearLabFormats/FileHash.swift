internal import CCrypto

/// Hashes that identify files: models, data sets, checkpoints.
public enum FileHash {
  /// Bytes that are hashed at a time: no more of a file is in memory.
  package static let chunk = 1 << 24

  /// The SHA-256 of a file, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: ``FileError``, also for an empty file.
  public static func sha256(path: String) throws(FileError) -> String {
    let file = try MappedFile(path: path)
    guard let context = EVP_MD_CTX_new() else { throw .hashFailed(path: path) }
    defer { EVP_MD_CTX_free(context) }
    var succeeded = EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    for offset in stride(from: 0, to: file.byteCount, by: chunk) {
      let count = min(chunk, file.byteCount - offset)
      let status = try file.withBytes(at: offset, count: count) { bytes in
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      }
      succeeded = succeeded && status == 1
      // A file may be larger than what memory is left.
      try file.forget(at: offset, count: count)
    }
    var digest = [UInt8](repeating: 0, count: 32)
    guard succeeded, EVP_DigestFinal_ex(context, &digest, nil) == 1 else {
      throw .hashFailed(path: path)
    }
    return hexadecimal(digest)
  }

  /// The SHA-256 of bytes in memory, as 64 lower-case hexadecimal digits.
  public static func sha256(of bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    let status = bytes.withUnsafeBytes {
      EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil)
    }
    precondition(status == 1, "OpenSSL cannot compute SHA-256")
    return hexadecimal(digest)
  }

  private static func hexadecimal(_ digest: [UInt8]) -> String {
    digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
