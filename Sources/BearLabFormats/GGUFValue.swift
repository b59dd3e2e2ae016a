/// A metadata value of a GGUF file; integers and reals of all widths are widened.
public enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  case real(Double)
  case bool(Bool)
  case string(String)
  case integers([Int])
  case reals([Double])
  case bools([Bool])
  case strings([String])
  /// An array of arrays.
  case arrays([GGUFValue])

  /// What the value is, for messages.
  var kind: String {
    switch self {
    case .integer: "an integer"
    case .real: "a real number"
    case .bool: "a boolean"
    case .string: "a string"
    case .integers: "an array of integers"
    case .reals: "an array of real numbers"
    case .bools: "an array of booleans"
    case .strings: "an array of strings"
    case .arrays: "an array of arrays"
    }
  }
}

/// The type numbers of metadata values, as the file has them.
enum GGUFValueType: UInt32 {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64
  case float64

  /// The fewest bytes that one value takes: an empty string, an empty array.
  var minimumBytes: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    case .array: 12
    }
  }
}

extension GGUFFile {
  /// The string under `key`.
  ///
  /// - Throws: ``GGUFError`` if the key is missing or holds something else, as all getters do.
  public func string(_ key: String) throws(GGUFError) -> String {
    if case .string(let value) = try value(key) { return value }
    throw try mismatch(key, "a string")
  }

  /// The integer under `key`.
  public func integer(_ key: String) throws(GGUFError) -> Int {
    if case .integer(let value) = try value(key) { return value }
    throw try mismatch(key, "an integer")
  }

  /// The real number under `key`; an integer is converted.
  public func real(_ key: String) throws(GGUFError) -> Double {
    switch try value(key) {
    case .real(let value): return value
    case .integer(let value): return Double(value)
    default: throw try mismatch(key, "a real number")
    }
  }

  /// The boolean under `key`.
  public func bool(_ key: String) throws(GGUFError) -> Bool {
    if case .bool(let value) = try value(key) { return value }
    throw try mismatch(key, "a boolean")
  }

  /// The strings under `key`.
  public func strings(_ key: String) throws(GGUFError) -> [String] {
    if case .strings(let value) = try value(key) { return value }
    throw try mismatch(key, "an array of strings")
  }

  /// The integers under `key`.
  public func integers(_ key: String) throws(GGUFError) -> [Int] {
    if case .integers(let value) = try value(key) { return value }
    throw try mismatch(key, "an array of integers")
  }

  private func value(_ key: String) throws(GGUFError) -> GGUFValue {
    guard let value = metadata[key] else { throw .missingKey(path: path, key: key) }
    return value
  }

  private func mismatch(_ key: String, _ expected: String) throws(GGUFError) -> GGUFError {
    .wrongType(path: path, key: key, expected: expected, found: try value(key).kind)
  }
}
