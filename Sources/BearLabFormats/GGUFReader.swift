/// Reads the header of a GGUF file from front to back.
///
/// Every count is bounded by what the rest of the file could hold before anything is allocated.
struct GGUFReader {
  /// Arrays of arrays of … beyond this depth are refused, so that recursion stays shallow.
  static let maximumDepth = 4

  let file: MappedFile
  private(set) var offset = 0

  init(_ file: MappedFile) { self.file = file }

  private var remaining: Int { file.byteCount - offset }

  /// An error at the current place.
  func malformed(_ problem: String) -> GGUFError {
    .malformedHeader(path: file.path, offset: offset, problem: problem)
  }

  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, of what: @autoclosure () -> String
  ) throws(GGUFError) -> Value {
    guard let value = try? file.integer(Value.self, at: offset) else {
      throw malformed("the file ends inside \(what())")
    }
    offset += MemoryLayout<Value>.size
    return value
  }

  /// A count of things that take at least `minimumBytes` each.
  mutating func count(
    of what: @autoclosure () -> String, minimumBytes: Int
  ) throws(GGUFError) -> Int {
    let start = offset
    let count = try integer(UInt64.self, of: "the number of \(what())")
    let limit = remaining / minimumBytes
    guard count <= UInt64(limit) else {
      throw .malformedHeader(
        path: file.path, offset: start,
        problem: "\(count) \(what()) announced, but the rest of the file holds at most \(limit)")
    }
    return Int(count)
  }

  mutating func string(_ what: @autoclosure () -> String) throws(GGUFError) -> String {
    let count = try count(of: "bytes of \(what())", minimumBytes: 1)
    let text = try? file.withBytes(at: offset, count: count) { bytes in
      String(validating: bytes, as: UTF8.self)
    }
    guard let text = text.flatMap({ $0 }) else { throw malformed("\(what()) is not UTF-8") }
    offset += count
    return text
  }

  /// The type number of a value, then the value.
  mutating func value(key: String) throws(GGUFError) -> GGUFValue {
    let type = try valueType(key: key)
    switch type {
    case .string: return .string(try string("the value of \(key)"))
    case .array: return try array(key: key, depth: 1)
    default:
      switch try scalars(type, count: 1, key: key) {
      case .integers(let values): return .integer(values[0])
      case .reals(let values): return .real(values[0])
      case .bools(let values): return .bool(values[0])
      default: throw malformed("key \(key) has no value")
      }
    }
  }

  private mutating func valueType(key: String) throws(GGUFError) -> GGUFValueType {
    let number = try integer(UInt32.self, of: "the type of \(key)")
    guard let type = GGUFValueType(rawValue: number) else {
      throw malformed("key \(key) has the unknown value type \(number)")
    }
    return type
  }

  private mutating func array(key: String, depth: Int) throws(GGUFError) -> GGUFValue {
    guard depth <= Self.maximumDepth else {
      throw malformed("key \(key) nests arrays deeper than \(Self.maximumDepth)")
    }
    let type = try valueType(key: key)
    let count = try count(of: "elements of \(key)", minimumBytes: type.minimumBytes)
    switch type {
    case .string:
      var values: [String] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try string("an element of \(key)")) }
      return .strings(values)
    case .array:
      var values: [GGUFValue] = []
      for _ in 0..<count { values.append(try array(key: key, depth: depth + 1)) }
      return .arrays(values)
    default: return try scalars(type, count: count, key: key)
    }
  }

  private mutating func scalars(
    _ type: GGUFValueType, count: Int, key: String
  ) throws(GGUFError) -> GGUFValue {
    switch type {
    case .uint8: .integers(try integers(UInt8.self, count, key))
    case .int8: .integers(try integers(Int8.self, count, key))
    case .uint16: .integers(try integers(UInt16.self, count, key))
    case .int16: .integers(try integers(Int16.self, count, key))
    case .uint32: .integers(try integers(UInt32.self, count, key))
    case .int32: .integers(try integers(Int32.self, count, key))
    case .uint64: .integers(try integers(UInt64.self, count, key))
    case .int64: .integers(try integers(Int64.self, count, key))
    case .float32:
      .reals(try numbers(UInt32.self, count, key).map { Double(Float(bitPattern: $0)) })
    case .float64: .reals(try numbers(UInt64.self, count, key).map { Double(bitPattern: $0) })
    case .bool: .bools(try numbers(UInt8.self, count, key).map { $0 != 0 })
    case .string, .array: throw malformed("key \(key) has no scalar type")
    }
  }

  private mutating func numbers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ count: Int, _ key: String
  ) throws(GGUFError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try integer(Value.self, of: "the value of \(key)")) }
    return values
  }

  private mutating func integers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ count: Int, _ key: String
  ) throws(GGUFError) -> [Int] {
    var values: [Int] = []
    values.reserveCapacity(count)
    for _ in 0..<count {
      let number = try integer(Value.self, of: "the value of \(key)")
      guard let value = Int(exactly: number) else {
        throw malformed("key \(key) holds \(number), more than fits 63 bits")
      }
      values.append(value)
    }
    return values
  }
}
