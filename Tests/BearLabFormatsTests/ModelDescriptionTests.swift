import BearLabFormats
import BearLabTestSupport
import Testing

struct ModelDescriptionTests {
  private struct Value {
    var integers: [String: UInt32] = [
      "block_count": 2, "embedding_length": 12, "feed_forward_length": 20, "context_length": 64,
      "attention.head_count": 6, "attention.head_count_kv": 3,
    ]
    var architecture = "llama"
    var epsilon: Float = 1e-5
    var scaling: String?
    var extraTensor: String?

    /// The description as read back from a file.
    func read() throws -> ModelDescription {
      var builder = GGUFBuilder()
      builder.add("general.architecture", architecture)
      for (key, value) in integers { builder.add("llama.\(key)", value) }
      builder.add("llama.rope.freq_base", Float(100_000))
      builder.add("llama.attention.layer_norm_rms_epsilon", epsilon)
      if let scaling { builder.add("llama.rope.scaling.type", scaling) }
      let embedding = [UInt8](repeating: 0, count: 12 * 5 * 4)
      builder.add("token_embd.weight", [12, 5], type: 0, embedding)
      if let extraTensor { builder.add(extraTensor, [1], type: 0, [0, 0, 0, 0]) }
      return try withFile(builder.bytes) { path in
        try ModelDescription(GGUFFile(path: path))
      }
    }
  }

  @Test func readsALlama() throws {
    var value = Value()
    let model = try value.read()
    #expect(model.architecture == .llama)
    #expect(model.blockCount == 2 && model.width == 12 && model.feedForwardWidth == 20)
    #expect(model.headCount == 6 && model.kvHeadCount == 3 && model.headWidth == 2)
    #expect(model.normEpsilon == 1e-5 && model.ropeTheta == 100_000)
    #expect(model.contextLength == 64 && model.vocabularySize == 5 && model.tiedEmbeddings)
    value.integers["attention.head_count_kv"] = nil
    #expect(try value.read().kvHeadCount == 6)
    value.integers["attention.key_length"] = 4
    #expect(try value.read().headWidth == 4)
    value.extraTensor = "output.weight"
    #expect(try !value.read().tiedEmbeddings)
  }

  @Test(arguments: [
    ("embedding_length", 13, "a multiple of the 6 heads"),
    ("attention.head_count_kv", 4, "a divisor of the 6 heads"),
    ("attention.head_count", 12, "even"),
    ("block_count", 0, "from 1 to"),
    ("context_length", UInt32.max, "from 1 to"),
    ("vocab_size", 6, "the 5 rows"),
    ("rope.dimension_count", 1, "the head width 2"),
    ("attention.value_length", 4, "the key length 2"),
  ])
  func refusesAbsurdSizes(key: String, size: UInt32, message: String) throws {
    var value = Value()
    value.integers[key] = size
    if key == "attention.head_count" { value.integers["attention.head_count_kv"] = 12 }
    let error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
  }

  @Test(arguments: ["block_count", "embedding_length", "attention.head_count"])
  func namesAMissingKey(key: String) throws {
    var value = Value()
    value.integers[key] = nil
    let error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains("key llama.\(key) is missing") == true)
  }

  @Test func refusesOtherModelsByName() throws {
    var value = Value()
    value.architecture = "mamba"
    var error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains("mamba") == true)
    #expect(error?.remedy.contains("llama") == true)
    value = Value()
    value.scaling = "yarn"
    error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains("yarn") == true)
    value = Value()
    value.extraTensor = "rope_freqs.weight"
    error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains("rope_freqs.weight") == true)
    value = Value()
    value.epsilon = .nan
    error = #expect(throws: GGUFError.self) { try value.read() }
    #expect(error?.description.contains("from 1e-30 to 1.0") == true)
  }
}
