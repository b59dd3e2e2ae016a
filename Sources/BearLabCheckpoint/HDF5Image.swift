internal import CHDF5
internal import Synchronization

/// HDF5 files in memory; HDF5 itself is called to write them, and nowhere else.
///
/// On a full disk HDF5's flush and close report success, so it never sees the disk here.
enum HDF5Image {
  /// Bytes in front of the HDF5 file that are ours.
  static let userBlock = 512

  /// HDF5 keeps global state, and not every build of it locks.
  private static let library = Mutex(())

  /// The bytes of a file that holds `checkpoint`, its user block left zero.
  static func encode(_ checkpoint: CheckpointFile) throws(Failure) -> [UInt8] {
    try library.withLock { _ throws(Failure) in try HDF5Writer.image(of: checkpoint) }
  }

  /// What the file with these bytes holds.
  static func decode(_ bytes: [UInt8]) throws(Failure) -> CheckpointFile {
    try HDF5Reader.content(of: bytes)
  }

  /// Returns what a call to HDF5 returned, if that is not negative.
  @discardableResult
  static func check<Code: SignedInteger>(_ code: Code) throws(Failure) -> Code {
    guard code < 0 else { return code }
    var message = [CChar](repeating: 0, count: 256)
    bear_h5_last_error(&message)
    let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw Failure(reason: "HDF5 says: \(String(decoding: bytes, as: UTF8.self))")
  }

  /// Settings for a file in memory that no disk stands behind; the caller closes them.
  static func memoryAccess() throws(Failure) -> hid_t {
    bear_h5_silence()
    let access = try check(H5Pcreate(bear_h5_file_access()))
    // Memory grows in steps of 16 MiB.
    try check(H5Pset_fapl_core(access, 1 << 24, false))
    return access
  }

  /// The type of a text of any length in UTF-8; the caller closes it.
  static func textType() throws(Failure) -> hid_t {
    let type = try check(H5Tcopy(bear_h5_c_string()))
    try check(H5Tset_size(type, bear_h5_variable()))
    try check(H5Tset_cset(type, H5T_CSET_UTF8))
    return type
  }
}
