import BearLabCore
import BearLabFormats
import BearLabLanguageModel
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Models whose parts do not belong together; some of these ended the process, or took all memory.
@Suite struct HostileModelTests {
  private let whole = [UInt8](TinyGGUF().data)

  /// Sets the integer under a key, then reads the model.
  private func load(_ key: String, _ value: UInt32) throws -> LoadedModel {
    try load(whole(with: key, value))
  }

  private func whole(with key: String, _ value: UInt32) throws -> [UInt8] {
    var bytes = whole
    let place = try end(of: key, in: bytes) + 4
    bytes.replaceSubrange(
      place..<place + 4, with: withUnsafeBytes(of: value.littleEndian) { Array($0) })
    return bytes
  }

  private func load(_ bytes: [UInt8]) throws -> LoadedModel {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try LoadedModel(path: file.path)
  }

  private func end(of text: String, in bytes: [UInt8]) throws -> Int {
    try #require(Data(bytes).range(of: Data(text.utf8))).upperBound
  }

  @Test(arguments: [
    ("feed_forward_length", UInt32(1) << 28, "tensor blk.0.ffn_gate.weight has shape [48, 32]"),
    ("block_count", 1 << 28, "tensor blk.2.attn_norm.weight is missing"),
    ("attention.head_count_kv", 1, "tensor blk.0.attn_k.weight has shape [16, 32]"),
    ("attention.head_count", 8, "tensor blk.0.attn_k.weight has shape [16, 32]"),
  ])
  func sizesMustBeThoseOfTheTensors(key: String, value: UInt32, says: String) throws {
    let error = try #require(throws: GGUFError.self) { try load("llama.\(key)", value) }
    #expect(error.description.contains(says), "\(error.description)")
  }

  /// As many numbers, in the wrong order.
  @Test func aTransposedTensorIsRefused() throws {
    var bytes = whole
    // Behind the name: the rank, then the length of a row and the number of rows.
    let place = try end(of: "blk.1.ffn_down.weight", in: bytes) + 4
    bytes.swapAt(place, place + 8)
    let error = try #require(throws: GGUFError.self) { try load(bytes) }
    #expect(error.description.hasSuffix("has shape [48, 32], expected [32, 48]"))
  }

  /// A table of angles for every position would take 8 GB here, before a token is read.
  @Test func aHugeContextCostsNothing() throws {
    let loaded = try load("llama.context_length", 1 << 28)
    #expect(loaded.model.shape.contextLength == 1 << 28)
    func states(_ model: LanguageModel, _ tokens: [Int32]) throws -> [Float] {
      var forest = TokenForest()
      let nodes = forest.insert(tokens.map { TokenForest.Element(token: $0) })
      return try model.hiddenStates(of: nodes.suffix(1), in: forest).scalars
    }
    let long = (0..<700).map { Int32($0 % 256) }
    // The same kernels for all.
    try withCompute {
      let atOnce = try states(load("llama.context_length", 1 << 28).model, long)
      // Grown in steps the table is the same.
      let other = try load("llama.context_length", 1 << 28)
      for count in [1, 3, 650] { _ = try states(other.model, Array(long.prefix(count))) }
      #expect(try states(other.model, long) == atOnce)
    }
  }

  @Test(arguments: [UInt32.max, 1 << 31, 267, 266])
  func tokensMustBeOfTheVocabulary(value: UInt32) throws {
    let error = try #require(throws: GGUFError.self) {
      try load("tokenizer.ggml.eos_token_id", value)
    }
    #expect(error.description.contains("tokenizer.ggml.eos_token_id is \(value), but must be"))
    #expect(error.description.hasSuffix("a token of the vocabulary, 0 to 265"))
  }

  @Test func everyTokenNeedsARow() throws {
    var bytes = whole
    bytes[try end(of: "token_embd.weight", in: bytes) + 12] -= 1
    let error = try #require(throws: ModelError.self) { try load(bytes) }
    guard case .moreTokensThanRows(_, 266, 265) = error else {
      Issue.record("\(error.description)")
      return
    }
  }

  @Test func mistakesOfTheTokenizerNameTheFile() {
    let error = ModelError.tokenizer(path: "m.gguf", problem: .missingByte(65))
    #expect(error.description.hasPrefix("m.gguf: tokenizer: the vocabulary has no token for"))
    #expect(error.remedy == "use a model with a byte-level vocabulary")
  }

  @Test func promptsMustFitTheContext() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      let prompts =
        try (experiment.validationWindows + experiment.testWindows).map {
          try experiment.prompt($0, stage: .inference).elements.count
        }
        + experiment.trainingWindows.map {
          try experiment.prompt($0, stage: .training).elements.count
        }
      let needed = try #require(prompts.max()) + experiment.trie.maximumDepth - 1
      func prepare(context: Int) throws {
        try Data(whole(with: "llama.context_length", UInt32(context)))
          .write(to: URL(filePath: "\(cache)/models/tiny/tiny.gguf"))
        _ = try tinyExperiment(cache: cache)
      }
      try prepare(context: needed)
      let error = try #require(throws: ModelError.self) { try prepare(context: needed - 1) }
      guard case .promptTooLong(_, _, _, _, needed - 1) = error else {
        Issue.record("\(error.description)")
        return
      }
    }
  }
}
