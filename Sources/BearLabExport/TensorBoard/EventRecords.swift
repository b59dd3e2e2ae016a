internal import Foundation

/// Events in the framing of TFRecord files.
///
///     record = length (UInt64) · masked CRC of it · bytes · masked CRC of them     little-endian
///     masked = rotate right(CRC-32C, 15) + 0xA282EAD8
///
/// - Source: tensorflow/core/lib/io/record_writer.h and core/lib/hash/crc32c.h.
enum EventRecords {
  /// Records one after the other.
  static func data(_ records: [Data]) -> Data {
    var data = Data()
    for record in records {
      let length = withUnsafeBytes(of: UInt64(record.count).littleEndian) { Data($0) }
      data.append(length)
      append(maskedChecksum(length), to: &data)
      data.append(record)
      append(maskedChecksum(record), to: &data)
    }
    return data
  }

  private static func append(_ checksum: UInt32, to data: inout Data) {
    withUnsafeBytes(of: checksum.littleEndian) { data.append(contentsOf: $0) }
  }

  /// The checksum as the framing stores it.
  static func maskedChecksum(_ data: Data) -> UInt32 {
    let checksum = checksum(data)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }

  /// CRC-32C, Castagnoli's polynomial, bits reflected.
  static func checksum(_ data: Data) -> UInt32 {
    ~data.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
    }
  }
}
