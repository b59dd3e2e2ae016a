import BearLabFormats
import Foundation
import Testing

@testable import BearLabData

@Suite struct LineReaderTests {
  private func lines(_ data: Data, _ name: String = "file") throws -> [String] {
    try withDump([name: data]) { folder in
      let reader = try LineReader(path: "\(folder)/\(name)")
      var lines: [String] = []
      while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
      #expect(reader.line == lines.count)
      return lines
    }
  }

  @Test func lineEndsAndMarksAreNoContent() throws {
    #expect(try lines(Data("\u{FEFF}a\r\nb\n\n\u{FEFF}c".utf8)) == ["a", "b", "", "\u{FEFF}c"])
    #expect(try lines(Data("\n".utf8)) == [""])
  }

  /// Lines of every length around the size of a part, which is 1 MiB.
  @Test func linesMayCrossParts() throws {
    let expected = [1 << 20, 5, (1 << 20) - 1, 3 << 20, 0, 7].map {
      String(repeating: "x", count: $0)
    }
    #expect(try lines(Data("\(expected.joined(separator: "\n"))\n".utf8)) == expected)
  }

  @Test func aFileWithoutLinesIsRefused() throws {
    #expect(throws: PreparationError.self) {
      try lines(Data(count: LineReader.longest + 1))
    }
  }

  /// The golden dumps are whole; half of one is not.
  @Test func aTruncatedOrDamagedFileIsRefused() throws {
    let dump = try #require(try DumpGoldenTests.cases().first)
    let data = try #require(dump.files["Books.json.gz"])
    let whole = try lines(data)
    #expect(whole.count > 100)
    for count in [20, data.count / 3, data.count - 3] {
      #expect(throws: PreparationError.self, "\(count)") { try lines(data.prefix(count)) }
    }
    var damaged = data
    damaged[60] ^= 0xFF
    #expect(throws: PreparationError.self) { try lines(damaged) }
  }

  @Test func aMissingFileIsRefused() throws {
    #expect(throws: DataError.self) { try LineReader(path: "no/such/file") }
    #expect(throws: DataError.file(.empty(path: "/dev/null"))) { try Self.empty() }
  }

  private static func empty() throws {
    do { _ = try LineReader(path: "/dev/null") } catch DataError.file(.notAFile) {
      throw DataError.file(.empty(path: "/dev/null"))
    }
  }
}

@Suite struct PythonLiteralTests {
  private func value(_ literal: String) throws -> [String: String] {
    let line = Array(literal.utf8)[...]
    let json = try #require(PythonLiteral.json(line))
    return try JSONDecoder().decode([String: String].self, from: Data(json))
  }

  @Test(arguments: [
    (#"{'a': 'b'}"#, "b"), (#"{u'a': u"it's"}"#, "it's"), (#"{'a': '"'}"#, "\""),
    (#"{'a': 'x\\y\'\"\n\t'}"#, "x\\y'\"\n\t"), (#"{'a': '\x41\101\u00e9\U0001f43b'}"#, "AAé🐻"),
    (#"{'a': u'\ud83d\udc3b'}"#, "🐻"), (#"{'a': '\q\/'}"#, "\\q\\/"), ("{'a': 'é\u{1}'}", "é\u{1}"),
    (#"{'a': 'None (1L, True)'}"#, "None (1L, True)"), (#"{'a': '\0'}"#, "\0"),
  ])
  func stringsAreThoseOfPython(literal: String, text: String) throws {
    #expect(try value(literal) == ["a": text])
  }

  @Test func otherValuesGetTheirJSONNames() throws {
    struct Value: Decodable, Equatable {
      let a: Bool
      let b: Double?
      let c: [Double]
      let d: [String: [Int]]
    }
    let line = Array("{'a': True, 'b': None, 'c': (1L, 2.5e3), 'd': {'x': [3, 4]}}".utf8)[...]
    let json = try #require(PythonLiteral.json(line))
    #expect(
      try JSONDecoder().decode(Value.self, from: Data(json))
        == Value(a: true, b: nil, c: [1, 2500], d: ["x": [3, 4]]))
  }

  @Test(arguments: [
    #"{'a': 'b"#, #"{'a': '\x4'}"#, #"{'a': '\u12'}"#, #"{'a': '\U00110000'}"#, #"{'a': '\"#,
  ])
  func whatIsOpenIsNone(literal: String) {
    #expect(PythonLiteral.json(Array(literal.utf8)[...]) == nil)
  }

  @Test func theFirstKeySaysWhatALineIs() {
    for (line, isPython) in [
      ("{'a'", true), ("{u'a'", true), ("{\"a\"", false), ("{}", false), ("", false),
    ] {
      #expect(PythonLiteral.isDictionary(Array(line.utf8)[...]) == isPython)
    }
  }
}

@Suite struct DumpTimeTests {
  @Test(arguments: [
    ("1400000000", 1_400_000_000), ("-5", -5), ("1588687728923", 1_588_687_728),
    ("-428720400001", -428_720_401), ("978300760.9", 978_300_760), ("1970-01-02", 86_400),
    ("2009-05-04T23:08:57Z", 1_241_478_537), ("99999999999", 99_999_999_999),
  ])
  func timesAreRead(text: String, seconds: Int) {
    #expect(DumpTime.seconds(text) == seconds)
  }

  @Test(arguments: [
    "", "soon", "2017-13-01", "2017-02-30", "2017-01-01x", "2009-05-04T23:08", "nan", "inf",
    "1e300",
  ])
  func otherTextsAreNone(text: String) { #expect(DumpTime.seconds(text) == nil) }
}
