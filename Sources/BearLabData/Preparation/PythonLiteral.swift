/// Lines that are Python's `repr` of a dictionary, as older dumps have them.
enum PythonLiteral {
  /// Whether a line is such a dictionary and no JSON object: its first key says so.
  static func isDictionary(_ line: ArraySlice<UInt8>) -> Bool {
    guard line.first == UInt8(ascii: "{") else { return false }
    return line.dropFirst().first.map { Array("'ub".utf8).contains($0) } ?? false
  }

  /// The same in JSON, whose reader then says whether it makes sense; nil for an open string or an
  /// escape that is none.
  ///
  /// Strings lose their prefix and get JSON's quotes and escapes, `True`, `False` and `None` their
  /// JSON names, tuples brackets; all else stays.
  static func json(_ line: ArraySlice<UInt8>) -> [UInt8]? {
    var scanner = PythonScanner(rest: line)
    return scanner.scan() ? scanner.json : nil
  }
}

private struct PythonScanner {
  private static let names = ["True": "true", "False": "false", "None": "null"]
  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C,
    UInt8(ascii: "v"): 0x0B, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "'"): 0x27,
    UInt8(ascii: "\""): 0x22,
  ]
  var rest: ArraySlice<UInt8>
  private(set) var json: [UInt8] = []

  init(rest: ArraySlice<UInt8>) {
    self.rest = rest
    json.reserveCapacity(rest.count + 16)
  }

  /// Whether the whole line could be written anew.
  mutating func scan() -> Bool {
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""): guard string(closedBy: byte) else { return false }
      case UInt8(ascii: "("): json.append(UInt8(ascii: "["))
      case UInt8(ascii: ")"): json.append(UInt8(ascii: "]"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): word(byte)
      default: json.append(byte)
      }
    }
    return true
  }

  /// A name, the prefix of a string, the exponent of a number or the end of a long one.
  private mutating func word(_ first: UInt8) {
    let others = rest.prefix { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      default: false
      }
    }
    let isPrefix = others.isEmpty && (rest.first == 0x27 || rest.first == 0x22)
    let isLong = first == UInt8(ascii: "L") && others.isEmpty
    if isPrefix || isLong { return }
    rest = rest.dropFirst(others.count)
    let name = String(decoding: [first] + others, as: UTF8.self)
    json.append(contentsOf: (Self.names[name] ?? name).utf8)
  }

  private mutating func string(closedBy quote: UInt8) -> Bool {
    json.append(UInt8(ascii: "\""))
    while let byte = rest.popFirst() {
      if byte == quote {
        json.append(UInt8(ascii: "\""))
        return true
      }
      if byte == UInt8(ascii: "\\") {
        guard escape() else { return false }
      } else {
        append(byte)
      }
    }
    return false
  }

  /// Appends a byte of a string.
  private mutating func append(_ byte: UInt8) {
    if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      appendUnit(UInt16(byte))
    } else {
      json.append(byte)
    }
  }

  private mutating func appendUnit(_ unit: UInt16) {
    let digits = String(unit, radix: 16)
    json.append(
      contentsOf: (#"\u"# + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
  }

  /// Reads what follows a backslash; JSON's reader joins the halves of a surrogate pair.
  private mutating func escape() -> Bool {
    guard let byte = rest.popFirst() else { return false }
    switch byte {
    case UInt8(ascii: "x"): return hexadecimal(2)
    case UInt8(ascii: "u"): return hexadecimal(4)
    case UInt8(ascii: "U"): return hexadecimal(8)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      let more = rest.prefix(2).prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
      rest = rest.dropFirst(more.count)
      return scalar(UInt32(String(decoding: [byte] + more, as: UTF8.self), radix: 8))
    default:
      if let meant = Self.escapes[byte] {
        append(meant)
      } else {
        // Python keeps the backslash of what is no escape.
        append(UInt8(ascii: "\\"))
        append(byte)
      }
      return true
    }
  }

  private mutating func hexadecimal(_ count: Int) -> Bool {
    let digits = rest.prefix(count)
    rest = rest.dropFirst(count)
    let text = String(decoding: digits, as: UTF8.self)
    guard digits.count == count, text.allSatisfy(\.isHexDigit) else { return false }
    return scalar(UInt32(text, radix: 16))
  }

  private mutating func scalar(_ number: UInt32?) -> Bool {
    guard let number, number <= 0x10FFFF else { return false }
    if number < 0x10000 {
      appendUnit(UInt16(number))
    } else {
      appendUnit(UInt16(0xD800 + (number - 0x10000) >> 10))
      appendUnit(UInt16(0xDC00 + (number - 0x10000) & 0x3FF))
    }
    return true
  }
}
