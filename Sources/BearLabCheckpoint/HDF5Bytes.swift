/// The bytes of an HDF5 file behind its user block, with checked reads of little-endian numbers.
///
/// Addresses count from the end of the user block. What is read is counted: a file whose parts
/// overlap or lead back to themselves would otherwise be read for ever, or into far more memory
/// than it has bytes.
struct HDF5Bytes {
  private let bytes: [UInt8]
  /// How many bytes may still be read.
  private var budget: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // An honest file is read once, and a little of it for each name and attribute.
    budget = 2 * bytes.count + 1 << 16
  }

  /// Some bytes.
  mutating func take(_ count: Int, at address: Int) throws(Failure) -> ArraySlice<UInt8> {
    let size = bytes.count - HDF5Image.userBlock
    guard address >= 0, count >= 0, address <= size, count <= size - address else {
      throw Failure(reason: "\(count) bytes at byte \(address) lie outside of its \(size) bytes")
    }
    budget -= count
    guard budget >= 0 else { throw Failure(reason: "its parts overlap") }
    let start = HDF5Image.userBlock + address
    return bytes[start..<start + count]
  }

  /// An unsigned number of `width` bytes, at most `Int.max`; `position` moves behind it.
  mutating func integer(_ width: Int, at position: inout Int) throws(Failure) -> Int {
    let digits = try take(width, at: position)
    position += width
    return Int(clamping: digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// Checks four letters and the version behind them; `position` moves behind both.
  mutating func expect(
    _ signature: String, version: Int, at position: inout Int
  ) throws(Failure) {
    let place = position
    let found = try take(signature.utf8.count, at: position)
    position += found.count
    guard found.elementsEqual(signature.utf8), try integer(1, at: &position) == version else {
      throw Failure(reason: "there is no \(signature) of version \(version) at byte \(place)")
    }
  }

  /// The text up to the next NUL, which must come within `limit` bytes.
  mutating func text(at address: Int, limit: Int) throws(Failure) -> String {
    _ = try take(0, at: address)
    let rest = bytes[(HDF5Image.userBlock + address)...].prefix(limit)
    guard let end = rest.firstIndex(of: 0) else {
      throw Failure(reason: "the name at byte \(address) does not end")
    }
    let name = try take(end - rest.startIndex, at: address)
    guard let text = String(validating: name, as: UTF8.self) else {
      throw Failure(reason: "the name at byte \(address) is not UTF-8")
    }
    return text
  }
}
