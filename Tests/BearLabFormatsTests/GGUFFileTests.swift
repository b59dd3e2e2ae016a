import BearLabFormats
import BearLabTestSupport
import Testing

struct GGUFFileTests {
  private func sample() -> GGUFBuilder {
    var builder = GGUFBuilder()
    builder.add("text", "häßlich")
    builder.add("byte", type: 0, [200])
    builder.add("signed", type: 11, GGUFBuilder.little(Int64.min))
    builder.add("real", Float(0.25))
    builder.add("double", type: 12, GGUFBuilder.little((-1.5).bitPattern))
    builder.add("flag", type: 7, [1])
    builder.add("strings", array: 8, count: 2, GGUFBuilder.string("a") + GGUFBuilder.string(""))
    builder.add("numbers", array: 3, count: 2, [0xFF, 0xFF, 2, 0])
    let inner = GGUFBuilder.little(UInt32(7)) + GGUFBuilder.little(UInt64(1)) + [0]
    builder.add("nested", array: 9, count: 2, inner + inner)
    builder.add("first", [3, 2], type: 0, [1, 2, 3, 4, 5, 6].flatMap { floatBytes($0) })
    builder.add("second", [2], type: 0, floatBytes(7) + floatBytes(8))
    return builder
  }

  private func floatBytes(_ value: Float) -> [UInt8] { GGUFBuilder.little(value.bitPattern) }

  private func error(of bytes: [UInt8]) throws -> GGUFError? {
    try withFile(bytes) { path in
      #expect(throws: GGUFError.self) { try GGUFFile(path: path) }
    }
  }

  private func expectError(_ builder: GGUFBuilder, says text: String) throws {
    let error = try error(of: builder.bytes)
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "no error")")
    #expect(error?.remedy.isEmpty == false)
  }

  @Test(arguments: [UInt32(2), 3]) func readsEveryKindOfValue(version: UInt32) throws {
    var builder = sample()
    builder.version = version
    try withFile(builder.bytes) { path in
      let file = try GGUFFile(path: path)
      #expect(try file.string("text") == "häßlich")
      #expect(try file.integer("byte") == 200)
      #expect(try file.integer("signed") == Int.min)
      #expect(try file.real("real") == 0.25)
      #expect(try file.real("double") == -1.5)
      #expect(try file.real("byte") == 200)
      #expect(try file.bool("flag"))
      #expect(try file.strings("strings") == ["a", ""])
      #expect(try file.integers("numbers") == [-1, 2])
      #expect(file.metadata["nested"] == .arrays([.bools([false]), .bools([false])]))
      #expect(file.tensors["first"]?.shape == [2, 3])
      #expect(try file.floats(of: "first") == [1, 2, 3, 4, 5, 6])
      #expect(try file.floats(of: "second", shape: [2]) == [7, 8])
    }
  }

  @Test func gettersSayWhatIsWrong() throws {
    try withFile(sample().bytes) { path in
      let file = try GGUFFile(path: path)
      #expect(throws: GGUFError.missingKey(path: path, key: "no")) { try file.string("no") }
      let wrong = GGUFError.wrongType(
        path: path, key: "text", expected: "an integer", found: "a string")
      #expect(throws: wrong) { try file.integer("text") }
      #expect(throws: GGUFError.missingTensor(path: path, tensor: "no")) {
        try file.floats(of: "no")
      }
      let shape = GGUFError.wrongShape(
        path: path, tensor: "first", expected: [3, 2], found: [2, 3])
      #expect(throws: shape) { try file.floats(of: "first", shape: [3, 2]) }
    }
  }

  @Test func refusesWhatIsNoGGUF() throws {
    var builder = sample()
    builder.magic = Array("GGML".utf8)
    try expectError(builder, says: "not with GGUF")
    builder = sample()
    builder.version = 1
    try expectError(builder, says: "version is 1")
    #expect(try error(of: [71])?.description.contains("starts with bytes [71]") == true)
  }

  @Test func refusesCountsBeyondTheFile() throws {
    var builder = sample()
    builder.announcedTensors = .max
    try expectError(builder, says: "18446744073709551615 tensors announced")
    builder = sample()
    builder.announcedKeys = 1 << 40
    try expectError(builder, says: "1099511627776 keys announced")
    builder = sample()
    builder.add("huge", array: 10, count: 1 << 40, [])
    try expectError(builder, says: "elements of huge announced")
    builder = GGUFBuilder()
    builder.add("text", type: 8, GGUFBuilder.little(UInt64.max))
    try expectError(builder, says: "bytes of the value of text announced")
  }

  @Test func refusesBadMetadata() throws {
    var builder = sample()
    builder.add("flag", UInt32(1))
    try expectError(builder, says: "key flag appears twice")
    builder = sample()
    builder.add("odd", type: 13, [0])
    try expectError(builder, says: "unknown value type 13")
    builder = sample()
    builder.add("broken", type: 8, GGUFBuilder.little(UInt64(1)) + [0xFF])
    try expectError(builder, says: "the value of broken is not UTF-8")
    builder = sample()
    builder.add("big", type: 10, GGUFBuilder.little(UInt64.max))
    try expectError(builder, says: "key big holds 18446744073709551615")
    builder = sample()
    let level = GGUFBuilder.little(UInt32(9)) + GGUFBuilder.little(UInt64(1))
    builder.add("deep", type: 9, (0..<50).flatMap { _ in level } + [UInt8](repeating: 0, count: 99))
    try expectError(builder, says: "key deep nests arrays deeper than 4")
  }

  @Test(arguments: [UInt32(0), 3, 24, 1 << 21]) func refusesBadAlignment(value: UInt32) throws {
    var builder = sample()
    builder.add("general.alignment", value)
    try expectError(builder, says: "general.alignment is \(value)")
  }

  @Test(arguments: [1, 64, 4096]) func obeysTheAlignment(value: Int) throws {
    var builder = GGUFBuilder()
    builder.alignment = value
    builder.add("general.alignment", UInt32(value))
    builder.add("first", [1], type: 0, floatBytes(1))
    builder.add("second", [1], type: 0, floatBytes(2))
    try withFile(builder.bytes) { path in
      let file = try GGUFFile(path: path)
      #expect(try file.floats(of: "second") == [2])
    }
  }

  @Test func refusesBadTensors() throws {
    func expect(
      _ dimensions: [UInt64], _ type: UInt32 = 0, at offset: UInt64? = nil, says text: String
    ) throws {
      var builder = sample()
      builder.add("bad", dimensions, type: type, [0, 0, 0, 0], offset: offset)
      try expectError(builder, says: text)
    }
    try expect([], says: "tensor bad has 0 dimensions")
    try expect([1, 1, 1, 1, 1], says: "tensor bad has 5 dimensions")
    try expect([1], 10, says: "type Q2_K")
    try expect([1], 99, says: "type number 99")
    try expect([33], 3, says: "rows of 33 are no whole number of Q4_1 blocks of 32")
    try expect([0], says: "impossible shape [0]")
    try expect([1 << 32, 1 << 32], says: "impossible shape")
    try expect([1 << 62], says: "impossible shape")
    try expect([9], says: "36 bytes at offset 64 do not fit the 96 bytes")
    try expect([1], at: 8, says: "offset 8 is no multiple of 32")
    try expect([1], at: .max - 31, says: "do not fit")
    var builder = sample()
    builder.add("first", [1], type: 0, floatBytes(1))
    try expectError(builder, says: "tensor first: appears twice")
    let type = GGUFError.unsupportedTensorType(path: "p", tensor: "t", type: "Q2_K")
    #expect(type.remedy.contains("Q4_1") && type.remedy.contains("BF16"))
  }

  /// Every shorter file lacks something, so none may open.
  @Test func refusesEveryTruncation() throws {
    let bytes = sample().bytes
    for count in stride(from: bytes.count - 25, through: 1, by: -1) {
      #expect(try error(of: Array(bytes.prefix(count))) != nil)
    }
  }

  /// Damaged files either still make sense or throw; nothing else may happen.
  @Test func survivesRandomDamage() throws {
    var random = SeededGenerator(7)
    let bytes = sample().bytes
    var refused = 0
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 4..<damaged.count - 64, using: &random)
        damaged[place] = Bool.random(using: &random) ? .random(in: 0...255, using: &random) : 0xFF
      }
      try withFile(damaged) { path in
        do {
          let file = try GGUFFile(path: path)
          for name in file.tensors.keys { _ = try file.floats(of: name) }
        } catch is GGUFError { refused += 1 }
      }
    }
    #expect((100..<300).contains(refused))
  }
}
