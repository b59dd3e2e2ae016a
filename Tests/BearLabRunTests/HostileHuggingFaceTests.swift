import BearLabCore
import BearLabFormats
import BearLabText
import Foundation
import Testing

@testable import BearLabRun

/// Folders whose parts do not belong together: refused with the reason and with what would do.
@Suite struct HostileHuggingFaceTests {
  /// What reading a changed copy of a golden model says.
  private func refusal(
    _ name: String, _ change: (String) throws -> Void
  ) throws -> any BearLabError {
    var result: (any BearLabError)?
    try GoldenModels.withCopy(of: name) { folder in
      try change(folder)
      do {
        _ = try LoadedModel(path: folder)
      } catch { result = error as? any BearLabError }
    }
    return try #require(result)
  }

  private func replace(_ text: String, with other: String, in file: String) throws {
    let old = try String(contentsOfFile: file, encoding: .utf8)
    try #require(old.contains(text))
    try Data(old.replacing(text, with: other).utf8).write(to: URL(filePath: file))
  }

  @Test func aMissingShard() throws {
    let error = try refusal("llama") { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/model-00002-of-00003.safetensors")
    }
    #expect(error.description.contains("model-00002-of-00003.safetensors, which holds "))
    #expect(error.description.hasSuffix(" of the tensors, is missing"))
    #expect(error.remedy.contains("model.safetensors.index.json"))
  }

  @Test func aTensorThatIsNotInTheIndex() throws {
    let error = try refusal("llama") { folder in
      try replace(
        "\"model.norm.weight\"", with: "\"model.norm.other\"",
        in: "\(folder)/model.safetensors.index.json")
    }
    #expect(
      error.description.hasSuffix("index.json: tensor model.norm.weight is in none of the files"))
  }

  /// The index says that it is in a file, which has it not.
  @Test func aTensorThatIsNotInItsShard() throws {
    let error = try refusal("llama") { folder in
      try replace(
        "\"model.norm.weight\": \"model-00002", with: "\"model.norm.weight\": \"model-00001",
        in: "\(folder)/model.safetensors.index.json")
    }
    #expect(
      error.description.hasSuffix(
        "model-00001-of-00003.safetensors: tensor model.norm.weight is missing"))
  }

  @Test func aShardOutsideOfTheFolder() throws {
    let error = try refusal("llama") { folder in
      try replace(
        "\"model-00003", with: "\"../model-00003",
        in: "\(folder)/model.safetensors.index.json")
    }
    #expect(error.description.contains("which is no name of a safetensors file beside it"))
  }

  @Test(arguments: [
    (
      "qwen2", "\"intermediate_size\": 24", "\"intermediate_size\": 268435456",
      "tensor model.layers.0.mlp.gate_proj.weight has shape [24, 16], expected [268435456, 16]"
    ),
    (
      "qwen2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3",
      "tensor model.layers.2.input_layernorm.weight is missing"
    ),
    (
      "qwen3", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 1",
      "tensor model.layers.0.self_attn.k_proj.weight has shape [16, 16], expected [8, 16]"
    ),
    // Untied, the head must be there.
    (
      "qwen2", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false",
      "tensor lm_head.weight is missing"
    ),
    // Fewer rows than the tokenizer has tokens.
    ("qwen2", "\"vocab_size\": ", "\"vocab_size\": 1, \"old\": ", "but the embedding only 1 rows"),
    ("qwen2", "\"qwen2\"", "\"mistral\"", "model_type is 'mistral', which is not supported"),
    ("qwen2", "\"qwen2\"", "\"gemma3_text\"", "model_type is 'gemma3_text'"),
    ("qwen2", "\"rope_type\": \"linear\"", "\"rope_type\": \"yarn\"", "rope_type is 'yarn'"),
    (
      "qwen2", "\"model_type\"",
      "\"quantization_config\": {\"quant_method\": \"gptq\"}, \"model_type\"",
      "the weights are quantised ('gptq'), which cannot be read"
    ),
  ])
  func aConfigurationOfAnotherModel(
    name: String, old: String, new: String, says: String
  ) throws {
    let error = try refusal(name) { try replace(old, with: new, in: "\($0)/config.json") }
    #expect(error.description.contains(says), "\(error.description)")
    #expect(!error.remedy.isEmpty)
  }

  @Test func unsupportedNamesWhatIsSupported() throws {
    let error = try refusal("qwen2") {
      try replace("\"qwen2\"", with: "\"mistral\"", in: "\($0)/config.json")
    }
    #expect(
      error.remedy
        == "use a model with architecture llama or architecture qwen2 or architecture qwen3")
  }

  @Test func theTokenizerOfAnotherFamily() throws {
    let error = try refusal("qwen2") { folder in
      try replace("\"BPE\"", with: "\"Unigram\"", in: "\(folder)/tokenizer.json")
    }
    #expect(error.description.contains("Unigram"), "\(error.description)")
    let missing = try refusal("qwen2") { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/tokenizer.json")
      try Data([8, 1]).write(to: URL(filePath: "\(folder)/tokenizer.model"))
    }
    #expect(missing.description.contains("tokenizer.json"), "\(missing.description)")
  }

  @Test func weightsInSeveralFormsOrInNone() throws {
    let both = try refusal("llama") { folder in
      try Data().write(to: URL(filePath: "\(folder)/model.safetensors"))
    }
    #expect(
      both.description.hasSuffix(": model.safetensors, model.safetensors.index.json"),
      "\(both.description)")
    let mixed = try refusal("qwen2") { folder in
      try Data().write(to: URL(filePath: "\(folder)/model.Q4_0.gguf"))
    }
    #expect(mixed.description.hasSuffix(": model.Q4_0.gguf, model.safetensors"))
    let none = try refusal("qwen2") { folder in
      try FileManager.default.moveItem(
        atPath: "\(folder)/model.safetensors", toPath: "\(folder)/pytorch_model.bin")
    }
    #expect(none.description.hasSuffix("no weights in safetensors; there is pytorch_model.bin"))
    #expect(none.remedy.contains("model.safetensors"))
  }

  @Test func damagedWeights() throws {
    let short = try refusal("qwen2") { folder in
      let file = URL(filePath: "\(folder)/model.safetensors")
      try Data(contentsOf: file).dropLast(100).write(to: file)
    }
    #expect(short is SafetensorsError)
    // The last number of the last tensor, in bf16.
    let nan = try refusal("qwen2") { folder in
      let file = URL(filePath: "\(folder)/model.safetensors")
      try (Data(contentsOf: file).dropLast(2) + [0xC0, 0x7F]).write(to: file)
    }
    #expect(nan.description.contains(" is nan"), "\(nan.description)")
    let integers = try refusal("qwen2") { folder in
      let file = URL(filePath: "\(folder)/model.safetensors")
      var bytes = try Data(contentsOf: file)
      while let range = bytes.range(of: Data("\"BF16\"".utf8)) {
        bytes.replaceSubrange(range, with: Data("\"I16\" ".utf8))
      }
      try bytes.write(to: file)
    }
    #expect(integers.description.contains("has type I16, which cannot be read"))
  }
}
