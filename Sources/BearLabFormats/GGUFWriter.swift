/// Writes GGUF files (version 3), of which one tensor at a time is in memory.
///
/// The file is there whole or not at all.
///
/// - Source: ggml-org/ggml, `docs/gguf.md`.
public enum GGUFWriter {
  /// A metadata value as it is stored.
  public enum Value: Sendable {
    case uint32(UInt32)
    case float32(Float)
    case string(String)

    /// The type's number and the value.
    fileprivate var bytes: [UInt8] {
      switch self {
      case .uint32(let value): little(GGUFValueType.uint32.rawValue) + little(value)
      case .float32(let value): little(GGUFValueType.float32.rawValue) + little(value.bitPattern)
      case .string(let value): little(GGUFValueType.string.rawValue) + text(value)
      }
    }
  }

  /// Of the tensors' bytes: what readers take where the file does not say.
  private static let alignment = 32

  /// Writes a file.
  ///
  /// - Parameters:
  ///   - path: of the file; what is there is replaced.
  ///   - metadata: keys and values, in their order; of different names.
  ///   - tensors: in the order in which they are asked for and stored; of different names.
  ///   - numbers: gives a tensor's, row-major; called once for each.
  /// - Throws: ``FileError``, and what `numbers` throws; what was at the path is then as it was.
  public static func write(
    to path: String, metadata: [(key: String, value: Value)], tensors: [TensorOutline],
    numbers: (TensorOutline) throws -> [Float]
  ) throws {
    let file = try PartialFile(replacing: path)
    try file.write(Array("GGUF".utf8) + little(UInt32(3)))
    try file.write(little(UInt64(tensors.count)) + little(UInt64(metadata.count)))
    for (key, value) in metadata { try file.write(text(key) + value.bytes) }
    var offset = 0
    for tensor in tensors {
      try file.write(header(tensor, offset: offset))
      offset += padded(tensor.byteCount)
    }
    try file.write(padding(file.byteCount))
    for tensor in tensors {
      try file.write(try numbers(tensor), of: tensor, path: path)
      try file.write(padding(tensor.byteCount))
    }
    try file.finish()
  }

  /// Name, extents with a row's length first, type, and place behind the header.
  private static func header(_ tensor: TensorOutline, offset: Int) -> [UInt8] {
    tensor.shape.reversed().reduce(text(tensor.name) + little(UInt32(tensor.shape.count))) {
      $0 + little(UInt64($1))
    } + little(tensor.type.ggmlType.rawValue) + little(UInt64(offset))
  }

  private static func padded(_ count: Int) -> Int { count + (-count & (alignment - 1)) }

  private static func padding(_ count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: padded(count) - count)
  }
}

private func little(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Its length, and the bytes.
private func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
