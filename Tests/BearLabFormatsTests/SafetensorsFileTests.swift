import BearLabFormats
import BearLabTestSupport
import Foundation
import Testing

struct SafetensorsFileTests {
  private func file(_ header: String, _ numbers: [UInt8] = []) -> [UInt8] {
    GGUFBuilder.little(UInt64(header.utf8.count)) + Array(header.utf8) + numbers
  }

  private func entry(_ type: String, _ shape: [Int], _ start: Int, _ end: Int) -> String {
    #"{"dtype": "\#(type)", "shape": \#(shape), "data_offsets": [\#(start), \#(end)]}"#
  }

  private func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { GGUFBuilder.little($0.bitPattern) }
  }

  private func expectError(_ bytes: [UInt8], says text: String) throws {
    try withFile(bytes) { path in
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "no error")")
      #expect(error?.remedy.isEmpty == false)
    }
  }

  @Test func readsItsTypes() throws {
    let header = """
      {"b": \(entry("F32", [2, 3], 10, 34)), "__metadata__": {"format": "pt"},
       "half": \(entry("F16", [3], 4, 10)), "ids": \(entry("I64", [1, 2], 34, 50)),
       "brain": \(entry("BF16", [2, 1], 0, 4)), "none": \(entry("F32", [0, 4], 4, 4))}
      """
    let halves: [UInt16] = [0x3F80, 0xC040, 0x3C00, 0xC500, 1]
    let numbers = halves.flatMap { GGUFBuilder.little($0) } + floats([1, 2, 3, 4, 5, 6])
    try withFile(file(header, numbers + [UInt8](repeating: 9, count: 16))) { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.tensors.count == 5 && file.tensors["ids"]?.type == "I64")
      #expect(try file.floats(of: "b", shape: [2, 3]) == [1, 2, 3, 4, 5, 6])
      #expect(try file.floats(of: "brain", shape: [2, 1]) == [1, -3])
      #expect(try file.floats(of: "half", shape: [3]) == [1, -5, 0x1p-24])
      #expect(try file.floats(of: "none", shape: [0, 4]).isEmpty)
      #expect(throws: SafetensorsError.missingTensor(path: path, tensor: "c")) {
        try file.require("c", shape: [1])
      }
      #expect(throws: SafetensorsError.unsupportedType(path: path, tensor: "ids", type: "I64")) {
        try file.floats(of: "ids", shape: [1, 2])
      }
      let shape = SafetensorsError.wrongShape(
        path: path, tensor: "b", expected: [6], found: [2, 3])
      #expect(throws: shape) { try file.require("b", shape: [6]) }
    }
  }

  @Test func refusesWhatIsNoHeader() throws {
    try expectError([1, 2, 3], says: "the file ends inside the header's length")
    try expectError(GGUFBuilder.little(UInt64.max), says: "at most 0 fit")
    try expectError(GGUFBuilder.little(UInt64(3)) + [0x7B, 0x7D], says: "of 3 bytes is announced")
    try expectError(file("nonsense"), says: "safetensors header: ")
    try expectError(file(#"{"a": 1}"#), says: "key a: ")
    try expectError(
      file(#"{"a": {"dtype": "F32", "shape": []}}"#), says: "key a.data_offsets is missing")
    try expectError(
      file(#"{"a": {"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]}}"#),
      says: "key a.shape")
    try expectError(file(String(repeating: "[", count: 100_000)), says: "safetensors header: ")
  }

  @Test func tensorsFillTheFile() throws {
    let four = floats([1])
    func single(_ type: String, _ shape: [Int], _ start: Int, _ end: Int) -> String {
      #"{"a": \#(entry(type, shape, start, end))}"#
    }
    try expectError(file(single("F32", [1], 0, 8), four), says: "data_offsets are [0, 8]")
    try expectError(file(single("F32", [1], -4, 0), four), says: "data_offsets are [-4, 0]")
    try expectError(file(single("F32", [1], 4, 0), four), says: "data_offsets are [4, 0]")
    try expectError(
      file(single("F32", [1], 0, .max), four), says: "data_offsets are [0, 9223372036854775807]")
    try expectError(file(single("F32", [2], 0, 4), four), says: "takes 8 bytes, not 4")
    try expectError(file(single("F32", [-1, -1], 0, 4), four), says: "impossible shape [-1, -1]")
    try expectError(file(single("F32", [1 << 62, 4], 0, 4), four), says: "impossible shape")
    try expectError(file(single("I8", [1 << 62, 4], 0, 4), four), says: "impossible shape")
    try expectError(file(single("F32", [1], 0, 4), four + four), says: "the tensors end at byte ")
    try expectError(file(single("F32", [1], 4, 8), four + four), says: "begins at byte ")
    let shared = #"{"a": \#(entry("F32", [1], 0, 4)), "b": \#(entry("F32", [1], 0, 4))}"#
    try expectError(file(shared, four), says: "but the one before it ends at ")
    // Of two members of one name a reader of JSON keeps one: the other leaves a gap.
    let twice = #"{"a": \#(entry("F32", [1], 0, 4)), "a": \#(entry("F32", [1], 4, 8))}"#
    try expectError(file(twice, four + four), says: " at byte ")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsMustBeFinite(value: Float) throws
  {
    try withFile(file(#"{"a": \#(entry("F32", [2], 0, 8))}"#, floats([1, value]))) { path in
      let file = try SafetensorsFile(path: path)
      let error = #expect(throws: SafetensorsError.self) { try file.floats(of: "a", shape: [2]) }
      #expect(error?.description == "\(path): weight 1 of tensor a is \(value)")
    }
  }

  @Test func namesAreShownHarmlessly() throws {
    let name = "\\u001b[2J" + String(repeating: "x", count: 10_000)
    try withFile(file(#"{"\#(name)": {}}"#)) { path in
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      let text = try #require(error?.description)
      #expect(text.count < 500 && text.contains(#"\u{1B}[2Jxx"#) && !text.contains("\u{1B}"))
    }
  }
}
