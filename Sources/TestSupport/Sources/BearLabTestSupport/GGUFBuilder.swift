/// Writes small GGUF files, correct unless told otherwise.
public struct GGUFBuilder {
  public var magic = Array("GGUF".utf8)
  public var version: UInt32 = 3
  public var announcedTensors: UInt64?
  public var announcedKeys: UInt64?
  public var alignment = 32
  private var keys: [[UInt8]] = []
  private var tensors: [(header: [UInt8], data: [UInt8])] = []
  private var dataCount = 0

  /// A file without keys and tensors.
  public init() {}

  public static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  public static func string(_ text: String) -> [UInt8] {
    little(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  public mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
    keys.append(Self.string(key) + Self.little(type) + value)
  }

  public mutating func add(_ key: String, _ value: UInt32) { add(key, type: 4, Self.little(value)) }

  public mutating func add(_ key: String, _ value: Float) {
    add(key, type: 6, Self.little(value.bitPattern))
  }

  public mutating func add(_ key: String, _ value: String) { add(key, type: 8, Self.string(value)) }

  public mutating func add(_ key: String, array type: UInt32, count: Int, _ elements: [UInt8]) {
    add(key, type: 9, Self.little(type) + Self.little(UInt64(count)) + elements)
  }

  /// Adds a tensor; `dimensions` in the file's order, row length first.
  public mutating func add(
    _ name: String, _ dimensions: [UInt64], type: UInt32, _ data: [UInt8], offset: UInt64? = nil
  ) {
    var header = Self.string(name) + Self.little(UInt32(dimensions.count))
    for size in dimensions { header += Self.little(size) }
    header += Self.little(type) + Self.little(offset ?? UInt64(dataCount))
    let padded = data + [UInt8](repeating: 0, count: -data.count & (alignment - 1))
    tensors.append((header, padded))
    dataCount += padded.count
  }

  public var bytes: [UInt8] {
    var file = magic + Self.little(version)
    file += Self.little(announcedTensors ?? UInt64(tensors.count))
    file += Self.little(announcedKeys ?? UInt64(keys.count))
    file += keys.flatMap(\.self) + tensors.flatMap(\.header)
    file += [UInt8](repeating: 0, count: -file.count & (alignment - 1))
    return file + tensors.flatMap(\.data)
  }
}
