internal import BearLabCore

/// Reads `id2name4Rec.json`: one object of item ids to titles.
///
/// A reader of its own because Foundation's keeps one of two equal keys without a word, and tells no
/// lines.
struct TitleFile {
  private static let accepted = #"one JSON object such as {"1": "first title", "2": "second"}"#
  private let file: TextFile
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  private init(_ file: TextFile) {
    self.file = file
    bytes = Array(file.text.utf8)
  }

  /// Reads the catalogue.
  ///
  /// - Throws: ``DataError`` for broken JSON, a title that is no string, a duplicate key, or keys
  ///   that are not "1"…"N".
  static func catalogue(_ file: TextFile) throws(DataError) -> Catalogue {
    var reader = TitleFile(file)
    let members = try reader.members()
    guard !members.isEmpty else { throw .empty(file: file.path, what: "titles") }
    var titles = [String?](repeating: nil, count: members.count)
    for member in members {
      let accepted = "each of \"1\" to \"\(members.count)\" once, as there are as many titles"
      guard let id = Int(member.key), String(id) == member.key, titles.indices.contains(id - 1),
        titles[id - 1] == nil
      else { throw file.invalid(line: member.line, "an item id", member.key, accepted: accepted) }
      titles[id - 1] = member.title
    }
    // As many distinct ids as places fill every place.
    return Catalogue(itemTitles: titles.compactMap(\.self))
  }

  private mutating func members() throws(DataError) -> [(key: String, title: String, line: Int)] {
    var members: [(key: String, title: String, line: Int)] = []
    try expect("{")
    if next() != UInt8(ascii: "}") {
      repeat {
        let key = try string("an item id")
        let line = line
        try expect(":")
        members.append((key, try string("the title of item \(key)"), line))
      } while try another()
    }
    try expect("}")
    if next() != nil { throw unexpected() }
    return members
  }

  /// The next byte that is no white space, not consumed.
  private mutating func next() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      default: return bytes[position]
      }
      position += 1
    }
    return nil
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(DataError) {
    guard next() == UInt8(ascii: character) else { throw unexpected() }
    position += 1
  }

  /// Whether a comma follows; it is consumed.
  private mutating func another() throws(DataError) -> Bool {
    guard next() == UInt8(ascii: ",") else { return false }
    position += 1
    return true
  }

  /// An error about the character at `position`, or at `place` before it.
  private func unexpected(
    at place: Int? = nil, what: String = "the JSON text here"
  ) -> DataError {
    // No scalar takes more than four bytes, and the text is valid UTF-8.
    let rest = String(decoding: bytes[(place ?? position)...].prefix(4), as: UTF8.self)
    let seen = rest.unicodeScalars.first.map { String($0) } ?? "the end of the file"
    return file.invalid(line: line, what, seen, accepted: Self.accepted)
  }

  /// Reads a string literal, `what` naming it in errors.
  private mutating func string(_ what: String) throws(DataError) -> String {
    guard next() == UInt8(ascii: "\"") else { throw unexpected(what: what) }
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape().utf8)
      case 0..<0x20:
        throw file.invalid(
          line: line, what, "a raw control character \(byte)", accepted: #"an escape such as \n"#)
      default: text.append(byte)
      }
    }
    throw unexpected(what: what)
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(DataError) -> String {
    guard position < bytes.count else { throw unexpected() }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(decoding: [byte], as: UTF8.self)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw unexpected(at: position - 1, what: "an escape")
    }
  }

  /// Reads the digits of `\uXXXX`, and the second half of a surrogate pair.
  private mutating func unicodeEscape() throws(DataError) -> String {
    var units = [try hexadecimalUnit()]
    if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: #"\u"#.utf8) {
      position += 2
      units.append(try hexadecimalUnit())
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw file.invalid(
        line: line, "an escape", "half a surrogate pair", accepted: "both halves, or the character")
    }
    return text
  }

  private mutating func hexadecimalUnit() throws(DataError) -> UInt16 {
    let digits = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
    guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit),
      let unit = UInt16(digits, radix: 16)
    else {
      throw file.invalid(
        line: line, "an escape", #"\u"# + digits, accepted: "four hexadecimal digits")
    }
    position += 4
    return unit
  }
}
