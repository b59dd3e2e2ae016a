import Foundation
import Testing

@testable import BearLabFormats

/// Files that are written are read by the readers, which have tests of their own.
@Suite struct WriterTests {
  private let values: [Float] = [0, -0.0, 1, -2.5, 1.0 / 3, 0x1p-24, 65_504, 1e-30, -1e-6, 0.1]

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path(percentEncoded: false))
  }

  /// Every half is its own nearest half, and a number between two goes to the nearer, in the middle
  /// to the even one.
  @Test func halvesAreRoundedToTheNearest() {
    for bits in stride(from: UInt16(0), to: 0x7BFF, by: 1) {
      let (low, high) = (Self.half(bits), Self.half(bits + 1))
      let middle = (low + high) / 2
      let even = bits & 1 == 0 ? bits : bits + 1
      let cases: [(Float, UInt16)] = [
        (low, bits), (-low, bits | 0x8000), (middle, even), (middle.nextDown, bits),
        (middle.nextUp, bits + 1),
      ]
      for (number, expected) in cases {
        let bytes = FloatType.f16.bytes(of: [number])
        let found = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        if found != expected { Issue.record("\(number) gave \(found), not \(expected)") }
      }
    }
    #expect(FloatType.f16.isFinite(65_519) && !FloatType.f16.isFinite(65_520))
  }

  /// A half by its parts.
  private static func half(_ bits: UInt16) -> Float {
    let (exponent, fraction) = (Int(bits >> 10), Float(bits & 0x3FF))
    return exponent == 0
      ? fraction * 0x1p-24
      : (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
  }

  @Test func brainFloatsAreRoundedToTheNearest() {
    // Eight bits of significand: 1 + 2⁻⁷ is the next after 1.
    let cases: [(Float, UInt16)] = [
      (1, 0x3F80), (1 + 0x1p-8, 0x3F80), (1 + 0x1p-8 + 0x1p-20, 0x3F81), (1 + 0x1.8p-7, 0x3F82),
      (-3, 0xC040), (-0.0, 0x8000),
    ]
    for (number, expected) in cases {
      let bytes = FloatType.bf16.bytes(of: [number])
      #expect(UInt16(bytes[0]) | UInt16(bytes[1]) << 8 == expected, "\(number)")
    }
    #expect(!FloatType.bf16.isFinite(.greatestFiniteMagnitude) && FloatType.bf16.isFinite(3e38))
  }

  @Test func safetensorsComeBack() throws {
    try withFolder { folder in
      let path = "\(folder)/a.safetensors"
      let tensors = [
        TensorOutline(name: "z/ü\"", shape: [2, 5], type: .f32),
        TensorOutline(name: "a", shape: [10], type: .f16),
        TensorOutline(name: "b", shape: [5, 2], type: .bf16),
        TensorOutline(name: "none", shape: [0, 3]),
      ]
      try SafetensorsWriter.write(to: path, tensors: tensors) { $0.count == 0 ? [] : values }
      let file = try SafetensorsFile(path: path)
      #expect(
        try file.floats(of: "z/ü\"", shape: [2, 5]).map(\.bitPattern) == values.map(\.bitPattern))
      #expect(try gap(file.floats(of: "a", shape: [10])) < 0x1p-11)
      #expect(try gap(file.floats(of: "b", shape: [5, 2])) < 0x1p-8)
      #expect(try file.floats(of: "none", shape: [0, 3]).isEmpty)
      #expect(file.tensors.values.allSatisfy { $0.offset % 2 == 0 })
      #expect(file.tensors["z/ü\""].map { $0.offset % 8 } == 0)
    }
  }

  /// Of the larger numbers in proportion, of those that a half cannot tell from 0 not at all.
  private func gap(_ found: [Float]) -> Float {
    guard found.count == values.count else { return .infinity }
    return zip(found, values).reduce(0) { max($0, abs($1.0 - $1.1) / max($1.1.magnitude, 1e-2)) }
  }

  @Test func ggufComesBack() throws {
    try withFolder { folder in
      let path = "\(folder)/a.gguf"
      try GGUFWriter.write(
        to: path,
        metadata: [
          ("general.architecture", .string("llamä")), ("n", .uint32(7)), ("x", .float32(1.5)),
        ],
        tensors: [
          TensorOutline(name: "blk.0.a", shape: [5, 2], type: .f32),
          TensorOutline(name: "b", shape: [10], type: .f16),
          TensorOutline(name: "c", shape: [2, 5], type: .bf16),
        ]
      ) { _ in values }
      let file = try GGUFFile(path: path)
      #expect(try file.string("general.architecture") == "llamä" && file.integer("n") == 7)
      #expect(try file.real("x") == 1.5)
      #expect(try file.floats(of: "blk.0.a", shape: [5, 2]) == values)
      #expect(try gap(file.floats(of: "b", shape: [10])) < 0x1p-11)
      #expect(try gap(file.floats(of: "c", shape: [2, 5])) < 0x1p-8)
    }
  }

  /// More than is gathered at a time, and a header of a length that is no multiple of eight.
  @Test func longTensorsAreWrittenInPieces() throws {
    try withFolder { folder in
      let path = "\(folder)/long"
      let count = (1 << 18) * 3 + 5
      let tensors = ["a", "abc"].map { TensorOutline(name: $0, shape: [count]) }
      try SafetensorsWriter.write(to: path, tensors: tensors) { tensor in
        (0..<count).map { Float($0) * (tensor.name == "a" ? 1 : -1) }
      }
      let file = try SafetensorsFile(path: path)
      let found = try file.floats(of: "abc", shape: [count])
      #expect(found.enumerated().allSatisfy { Float(-$0) == $1 })
    }
  }

  @Test func aFailureLeavesWhatWasThere() throws {
    struct Stop: Error {}
    try withFolder { folder in
      let path = "\(folder)/a"
      try Data("before".utf8).write(to: URL(filePath: path))
      let tensors = [TensorOutline(name: "t", shape: [2], type: .f16)]
      #expect(throws: Stop.self) {
        try SafetensorsWriter.write(to: path, tensors: tensors) { _ in throw Stop() }
      }
      let large = FileError.notStorable(path: path, tensor: "t", value: 1e5, type: "f16")
      #expect(throws: large) {
        try GGUFWriter.write(to: path, metadata: [], tensors: tensors) { _ in [1, 1e5] }
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
      let stray = #expect(throws: FileError.self) {
        try SafetensorsWriter.write(to: "\(folder)/no/a", tensors: tensors) { _ in [1, 2] }
      }
      #expect(stray?.description.contains("No such file") == true)
    }
  }

  @Test func rotaryRowsComeBack() {
    let weights = (0..<12 * 3).map { Float($0) }
    let there = LlamaWeights.permuteRotaryRows(weights, heads: 2, rows: 12, columns: 3)
    // Row 1 of ggml's is the first of the head's second half.
    #expect(Array(there[3..<6]) == [9, 10, 11])
    #expect(
      LlamaWeights.unpermuteRotaryRows(there, heads: 2, rows: 12, columns: 3) == weights)
  }
}
