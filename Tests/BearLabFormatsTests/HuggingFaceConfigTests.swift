import BearLabFormats
import BearLabLanguageModel
import BearLabTestSupport
import Testing

/// What `config.json` says, and what it leaves to the configuration classes of transformers.
struct HuggingFaceConfigTests {
  private func read(_ text: String) throws -> ModelDescription {
    try withFile(Array(text.utf8)) { try ModelDescription(huggingFaceConfig: $0) }
  }

  private func refusal(_ text: String) throws -> HuggingFaceError {
    try #require(throws: HuggingFaceError.self) { _ = try read(text) }
  }

  private let sizes = """
    "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 704, "max_position_embeddings": 512
    """

  /// Both layouts give the same numbers.
  @Test func oldAndNewRotarySettings() throws {
    let scaling = """
      "factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
      "original_max_position_embeddings": 64, "rope_type": "llama3"
      """
    let new = try read(
      """
      {"model_type": "llama", \(sizes), "rms_norm_eps": 1e-05, "tie_word_embeddings": true,
       "dtype": "bfloat16", "rope_parameters": {\(scaling), "rope_theta": 500000.0}}
      """)
    let old = try read(
      """
      {"model_type": "llama", \(sizes), "rms_norm_eps": 1e-05, "tie_word_embeddings": true,
       "torch_dtype": "bfloat16", "rope_theta": 500000, "rope_scaling": {\(scaling)}}
      """)
    #expect(new == old)
    #expect(new.architecture == .llama && new.tiedEmbeddings && new.headWidth == 16)
    #expect(new.width == 64 && new.feedForwardWidth == 160 && new.blockCount == 3)
    #expect(new.headCount == 4 && new.kvHeadCount == 2 && new.vocabularySize == 704)
    #expect(new.contextLength == 512 && new.normEpsilon == 1e-5 && new.ropeTheta == 500_000)
    #expect(
      new.ropeScaling
        == .llama3(
          Llama3RotaryScaling(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64)))
    #expect(new.attentionBias == .none && !new.normalisesQueriesAndKeys)
  }

  /// As `LlamaConfig()`, `Qwen2Config()` and `Qwen3Config()` are.
  @Test func defaultsOfTheFamilies() throws {
    let llama = try read(#"{"model_type": "llama"}"#)
    #expect(llama.width == 4096 && llama.feedForwardWidth == 11_008 && llama.blockCount == 32)
    #expect(llama.headCount == 32 && llama.kvHeadCount == 32 && llama.headWidth == 128)
    #expect(llama.vocabularySize == 32_000 && llama.contextLength == 2048)
    #expect(llama.normEpsilon == 1e-6 && llama.ropeTheta == 10_000 && llama.ropeScaling == .none)
    #expect(!llama.tiedEmbeddings && llama.attentionBias == .none)
    let qwen2 = try read(#"{"model_type": "qwen2", "hidden_size": 2048}"#)
    #expect(qwen2.feedForwardWidth == 22_016 && qwen2.vocabularySize == 151_936)
    #expect(qwen2.headWidth == 64 && qwen2.contextLength == 32_768)
    #expect(qwen2.attentionBias == .queryKeyValue && !qwen2.normalisesQueriesAndKeys)
    let qwen3 = try read(#"{"model_type": "qwen3", "hidden_size": 2048}"#)
    #expect(qwen3.headWidth == 128 && qwen3.normalisesQueriesAndKeys)
    #expect(qwen3.attentionBias == .none && qwen3.ropeTheta == 10_000)
    let biased = try read(#"{"model_type": "qwen3", "attention_bias": true, "head_dim": 32}"#)
    #expect(biased.attentionBias == .all && biased.headWidth == 32)
  }

  @Test func rotarySettingsInOtherWords() throws {
    let linear = try read(
      #"{"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 4}}"#)
    #expect(linear.ropeScaling == .linear(factor: 4))
    let plain = try read(
      """
      {"model_type": "qwen2", "rope_theta": 1000000.0, "rope_scaling": null,
       "rope_parameters": {"rope_type": "default"}}
      """)
    #expect(plain.ropeScaling == .none && plain.ropeTheta == 1_000_000)
    // Without a length of their own, that of the model.
    let llama3 = try read(
      """
      {"model_type": "llama", "rope_parameters": {"rope_type": "llama3", "factor": 2,
       "low_freq_factor": 1, "high_freq_factor": 4}}
      """)
    guard case .llama3(let settings) = llama3.ropeScaling else {
      Issue.record("\(llama3.ropeScaling)")
      return
    }
    #expect(settings.originalContextLength == 2048)
  }

  @Test(arguments: ["yarn", "dynamic", "longrope", "mrope"])
  func otherRotaryScalingIsRefusedByName(type: String) throws {
    for place in ["rope_scaling", "rope_parameters"] {
      let error = try refusal(
        #"{"model_type": "qwen2", "\#(place)": {"rope_type": "\#(type)", "factor": 4.0}}"#)
      #expect(
        error.description.hasSuffix("\(place).rope_type is '\(type)', which is not supported"))
      #expect(
        error.remedy
          == "use a model with rope_type default or rope_type linear or rope_type llama3")
    }
  }

  @Test(arguments: [
    (#""model_type": "mistral""#, "model_type is 'mistral', which is not supported"),
    (#""model_type": "qwen3_moe""#, "model_type is 'qwen3_moe'"),
    (#""model_type": "llama", "hidden_act": "gelu""#, "hidden_act is 'gelu'"),
    (#""model_type": "llama", "mlp_bias": true"#, "mlp_bias is 'true'"),
    (
      #""model_type": "llama", "partial_rotary_factor": 0.5"#, "partial_rotary_factor is '0.5'"
    ),
    (
      #""model_type": "llama", "quantization_config": {"quant_method": "awq"}"#,
      "the weights are quantised ('awq')"
    ),
    (
      #""model_type": "qwen2", "rope_parameters": {"full_attention": {"rope_type": "default"}}"#,
      "rope_parameters.full_attention is 'present'"
    ),
    (#""model_type": "qwen2", "layer_types": ["linear_attention"]"#, "'linear_attention'"),
    (#""model_type": "llama", "num_attention_heads": 7"#, "hidden_size is 4096, but must be a mul"),
    (#""model_type": "llama", "num_key_value_heads": 3"#, "num_key_value_heads is 3"),
    (#""model_type": "llama", "head_dim": 5"#, "head_dim is 5, but must be even"),
    (#""model_type": "llama", "hidden_size": 0"#, "hidden_size is 0, but must be from 1 to"),
    (#""model_type": "llama", "vocab_size": 1099511627776"#, "vocab_size is 1099511627776"),
    (#""model_type": "llama", "rope_theta": 0"#, "rope_theta is 0.0, but must be from 1.0"),
    (
      #""model_type": "llama", "rms_norm_eps": 2"#,
      "rms_norm_eps is 2.0, but must be from 1e-30 to 1.0"
    ),
    (#""model_type": "llama", "vocab_size": "many""#, "key vocab_size: "),
    (#""hidden_size": 64"#, "key model_type is missing"),
    (
      #""model_type": "llama", "rope_scaling": {"rope_type": "linear"}"#,
      "key rope_scaling.factor is missing"
    ),
    (
      #""model_type": "llama", "rope_scaling": {"type": "llama3", "factor": 8, "#
        + #""low_freq_factor": 4, "high_freq_factor": 4}"#,
      "rope_scaling.high_freq_factor is 4.0, but must be above low_freq_factor, 4.0"
    ),
  ])
  func refusesWhatItCannotCompute(members: String, says: String) throws {
    let error = try refusal("{\(members)}")
    #expect(error.description.contains(says), "\(error.description)")
    #expect(!error.remedy.isEmpty)
  }

  /// A window counts only where a layer has it, and where a path may be longer.
  @Test(arguments: [
    (#""use_sliding_window": false, "sliding_window": 4096"#, false),
    (#""use_sliding_window": true, "sliding_window": 4096, "max_window_layers": 32"#, false),
    (#""use_sliding_window": true, "sliding_window": 32768, "max_window_layers": 0"#, false),
    (#""use_sliding_window": true, "sliding_window": 4096, "max_window_layers": 16"#, true),
    (
      #""use_sliding_window": true, "layer_types": ["full_attention", "sliding_attention"]"#, true
    ),
    (#""use_sliding_window": true, "layer_types": ["full_attention"]"#, false),
  ])
  func aSlidingWindowIsRefusedOnlyWhereItIsInUse(members: String, isRefused: Bool) throws {
    let text = #"{"model_type": "qwen2", \#(members)}"#
    guard isRefused else {
      _ = try read(text)
      return
    }
    #expect(try refusal(text).description.contains("sliding_window is '4096'"))
  }

  @Test func whatIsNoJSONIsRefused() throws {
    #expect(
      try refusal("nonsense").description.contains(": it is no JSON")
        || refusal("nonsense").description.contains("not valid"))
    #expect(try refusal(String(repeating: "[", count: 100_000)).remedy.isEmpty == false)
    let missing = #expect(throws: HuggingFaceError.self) {
      try ModelDescription(huggingFaceConfig: "no/such/config.json")
    }
    #expect(missing?.description.hasPrefix("no/such/config.json: cannot be opened") == true)
  }
}
