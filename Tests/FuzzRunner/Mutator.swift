import BearLabTestSupport

/// Damages files, the same way for the same seed.
struct Mutator {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed) }

  /// Some changes of a binary file; half of them where `hot` says that numbers decide most.
  mutating func binary(_ bytes: [UInt8], hot: [Range<Int>]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard !bytes.isEmpty else { break }
      changeBytes(&bytes, at: place(in: bytes, hot: hot))
    }
    return bytes
  }

  /// Some changes of a text: of its bytes, its words and its lines.
  mutating func text(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard !bytes.isEmpty else { break }
      switch Int.random(in: 0..<10, using: &random) {
      case 0...1: changeBytes(&bytes, at: place(in: bytes, hot: []))
      case 2...5: changeWord(&bytes)
      case 6...7: changeLines(&bytes)
      default: insertWord(&bytes)
      }
    }
    return bytes
  }

  private mutating func place(in bytes: [UInt8], hot: [Range<Int>]) -> Int {
    if Bool.random(using: &random), let range = hot.randomElement(using: &random) {
      return min(Int.random(in: range, using: &random), bytes.count - 1)
    }
    return Int.random(in: 0..<bytes.count, using: &random)
  }

  /// A stretch that begins at `start`, mostly short.
  private mutating func stretch(_ start: Int, of count: Int) -> Range<Int> {
    let longest = Bool.random(using: &random) ? 16 : count
    return start..<min(count, start + Int.random(in: 1...longest, using: &random))
  }

  private mutating func changeBytes(_ bytes: inout [UInt8], at place: Int) {
    switch Int.random(in: 0..<12, using: &random) {
    case 0...1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes[place] = [0, 0xFF, 0x7F, 0x80].randomElement(using: &random) ?? 0
    case 3: bytes[place] = .random(in: 0...255, using: &random)
    case 4...7: overwrite(&bytes, at: place, with: number(bytes.count))
    case 8: bytes.insert(contentsOf: number(bytes.count), at: place)
    case 9: bytes.removeSubrange(stretch(place, of: bytes.count))
    case 10:
      let copied = stretch(place, of: bytes.count)
      let target = Int.random(in: 0...bytes.count, using: &random)
      if Bool.random(using: &random) {
        bytes.insert(contentsOf: Array(bytes[copied]), at: target)
      } else {
        overwrite(&bytes, at: target, with: Array(bytes[copied]))
      }
    default: bytes.removeSubrange(place...)
    }
  }

  private func overwrite(_ bytes: inout [UInt8], at place: Int, with new: [UInt8]) {
    for (offset, byte) in new.enumerated() where place + offset < bytes.count {
      bytes[place + offset] = byte
    }
  }

  /// An integer at the edge of something, little-endian in 1, 2, 4 or 8 bytes.
  private mutating func number(_ count: Int) -> [UInt8] {
    let edges: [UInt64] = [
      0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 16, 1 << 20, 1 << 28, 0x7FFF_FFFF,
      0x8000_0000, 0xFFFF_FFFF, 1 << 32, 1 << 40, 1 << 60, 1 << 62, 1 << 63, .max >> 1, .max,
      .max - 7, UInt64(count), UInt64(count) - 1, UInt64(count) + 1,
      0x7FC0_0000, 0x7F80_0000, 0xFF80_0000,  // a float's NaN and infinities
    ]
    let edge = edges.randomElement(using: &random) ?? 0
    let width = [1, 2, 4, 4, 8, 8].randomElement(using: &random) ?? 4
    return (0..<width).map { UInt8(truncatingIfNeeded: edge >> UInt64(8 * $0)) }
  }

  // MARK: Texts

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
  private static let numbers = [
    "", "0", "-1", "1.5", "1e5", "007", "+1", "nan", "inf", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "340282366920938463463374607431768211456",
    "1e400", "0x10", "٣", "1_000", " 1", "1 ", "true", "null", "~", "-0.0", "4.9e-324",
  ]
  private static let marks = ["[", "]", "{", "}", "\"", "'", ",", ":", "-", "#", "\\", " ", "\t"]
  private static let words =
    marks + numbers + [
      "\n", "\r\n", "\r", "\u{0}", "\u{FEFF}", "\u{202E}", "\u{1B}[31m", "\u{85}", "\u{2028}",
      "e\u{301}", "🐻", "\"\"", "[]", "{}", "[[[[", "*a", "&a", "&a [*a, *a]", "? ", "!!int", "!x ",
      "|\n", ">\n", "---\n", "...\n", "%YAML 9.9\n", "<<: ", "\\ud800", "\\u0000", "\\x", "null",
      "name: ", "training:", "record:", "\\\"", "//", "/*", "NaN",
    ]

  /// Replaces a number or a mark by another one.
  private mutating func changeWord(_ bytes: inout [UInt8]) {
    let isNumber = Bool.random(using: &random)
    let places = bytes.indices.filter { index in
      isNumber
        ? Self.digits.contains(bytes[index])
        : Self.marks.contains(String(decoding: [bytes[index]], as: UTF8.self))
    }
    guard let start = places.randomElement(using: &random) else { return }
    var end = start + 1
    while isNumber, end < bytes.count, Self.digits.contains(bytes[end]) { end += 1 }
    let new = (isNumber ? Self.numbers : Self.marks).randomElement(using: &random) ?? ""
    bytes.replaceSubrange(start..<end, with: new.utf8)
  }

  private mutating func insertWord(_ bytes: inout [UInt8]) {
    let word = Self.words.randomElement(using: &random) ?? ""
    // Rarely very often, as nested brackets.
    let times = Int.random(in: 0..<20, using: &random) == 0 ? 3000 : 1
    let place = Int.random(in: 0...bytes.count, using: &random)
    bytes.insert(contentsOf: String(repeating: word, count: times).utf8, at: place)
  }

  private mutating func changeLines(_ bytes: inout [UInt8]) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let first = Int.random(in: lines.indices, using: &random)
    let second = Int.random(in: lines.indices, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: lines.swapAt(first, second)
    case 1: lines.remove(at: first)
    case 2: lines.insert(lines[first], at: second)
    default: lines[first] = lines[first].prefix(lines[first].count / 2) + lines[second]
    }
    bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}
