import BearLabFormats
import BearLabTestSupport
import Foundation
import Testing

/// Files that were made to do harm, or that a broken disk made look so.
struct HostileFileTests {
  private func float(_ value: Float) -> [UInt8] { GGUFBuilder.little(value.bitPattern) }

  private func error(of builder: GGUFBuilder) throws -> GGUFError? {
    try withFile(builder.bytes) { path in
      #expect(throws: GGUFError.self) { try GGUFFile(path: path) }
    }
  }

  /// A megabyte that a thousand tensors share would become a gigabyte of weights.
  @Test func tensorsMayNotShareBytes() throws {
    var builder = GGUFBuilder()
    builder.add("first", [16], type: 0, (0..<16).flatMap { float(Float($0)) })
    builder.add("second", [8], type: 0, [], offset: 32)
    let error = try error(of: builder)
    #expect(error?.description.contains("tensor second: begins at byte ") == true)
    #expect(error?.description.contains(", inside of tensor first, which ends at ") == true)
  }

  @Test(arguments: [
    (UInt32(0), [0, 0, 0xC0, 0x7F] as [UInt8], "nan"), (0, [0, 0, 0x80, 0xFF], "-inf"),
    (1, [0, 0x7C], "inf"), (30, [0x80, 0x7F], "inf"),
  ])
  func weightsMustBeFinite(type: UInt32, weight: [UInt8], value: String) throws {
    var builder = GGUFBuilder()
    let zero = [UInt8](repeating: 0, count: weight.count)
    builder.add("layer", [3, 2], type: type, zero + zero + zero + zero + weight + zero)
    try withFile(builder.bytes) { path in
      let file = try GGUFFile(path: path)
      let error = #expect(throws: GGUFError.self) { try file.floats(of: "layer") }
      #expect(error?.description == "\(path): weight 4 of tensor layer is \(value)")
    }
  }

  @Test func theLargestFiniteWeightsAreRead() throws {
    var builder = GGUFBuilder()
    let ends = [Float.greatestFiniteMagnitude, -.greatestFiniteMagnitude, -.leastNonzeroMagnitude]
    builder.add("layer", [3], type: 0, ends.flatMap(float))
    try withFile(builder.bytes) { path in
      let floats = try GGUFFile(path: path).floats(of: "layer")
      #expect(floats == ends)
    }
  }

  /// Names come from the file: they may be long, and hold what a terminal would obey.
  @Test func namesAreShownHarmlessly() throws {
    let name = "\u{1B}[2J" + String(repeating: "x", count: 10_000)
    var builder = GGUFBuilder()
    builder.add(name, type: 99, [])
    let key = try error(of: builder)
    builder = GGUFBuilder()
    builder.add(name, [1], type: 99, [0, 0, 0, 0])
    let tensor = try error(of: builder)
    for text in [key?.description, tensor?.description] {
      let text = try #require(text)
      #expect(text.count < 500 && text.contains(#"\u{1B}[2Jxx"#) && !text.contains("\u{1B}"))
    }
  }

  @Test func aFileWithoutATokenizerIsToldSo() {
    let error = GGUFError.missingKey(path: "m.gguf", key: "tokenizer.ggml.model")
    #expect(error.description == "m.gguf: key tokenizer.ggml.model is missing")
    #expect(error.remedy.hasPrefix("use a model with its tokenizer inside"))
  }

  @Test(
    arguments: [
      ([], ""), ([65], "A"), ([65, 66], "AB"), ([0xEF, 0xBB, 0xBF], ""), ([65, 0], "A\0"),
      ([0xEF, 0xBB, 0xBF, 65], "A"), ([65, 0xEF, 0xBB, 0xBF], "A\u{FEFF}"),
    ] as [([UInt8], String)])
  func textsLoseTheirByteOrderMark(bytes: [UInt8], text: String) throws {
    #expect(try withFile(bytes) { try MappedFile.text(path: $0) } == text)
  }

  @Test(
    arguments: [
      ([0xFF], 1, 0, 0xFF), ([65, 10, 0xC3, 0xA9, 10, 66, 0xC3], 3, 6, 0xC3),
      ([0xED, 0xA0, 0x80], 1, 0, 0xED),
    ] as [([UInt8], Int, Int, UInt8)])
  func bytesThatAreNoTextAreFound(bytes: [UInt8], line: Int, offset: Int, byte: UInt8) throws {
    try withFile(bytes) { path in
      #expect(throws: FileError.notUTF8(path: path, line: line, offset: offset, byte: byte)) {
        try MappedFile.text(path: path)
      }
    }
  }

  /// Opened as other files are, a pipe would be waited for without end.
  @Test func pipesAreNoFiles() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try #require(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    #expect(throws: FileError.notAFile(path: path)) { try MappedFile(path: path) }
    #expect(throws: FileError.notAFile(path: path)) { try MappedFile.text(path: path) }
  }
}
