/// Files that are there whole, or as they were.
public enum DurableFile {
  /// Whether a name is one that ``replace(_:with:)`` gives to a file while it writes it.
  public static func isPartial(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 2 && parts.last == "partial" && UInt32(parts[parts.count - 2]) != nil
  }

  /// Writes beside `path`, syncs, renames, and syncs the folder: neither a kill nor a full disk
  /// leaves half a file there, only one that ends in `.partial` beside it.
  ///
  /// - Throws: ``CheckpointError/notWritten(path:reason:)``; the former file is then as it was.
  public static func replace(_ path: String, with bytes: [UInt8]) throws(CheckpointError) {
    do {
      try Disk.replace(path, with: bytes)
    } catch {
      throw .notWritten(path: path, reason: error.reason)
    }
  }
}
