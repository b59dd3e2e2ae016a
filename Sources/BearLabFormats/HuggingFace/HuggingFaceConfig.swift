internal import BearLabLanguageModel
internal import Foundation

/// The `config.json` of a model, in the words of transformers, old (`rope_theta`, `rope_scaling`)
/// and new (`rope_parameters`); what it leaves out is as in the family's configuration class.
///
/// - Source: huggingface/transformers, `models/{llama,qwen2,qwen3}/configuration_*.py`.
struct HuggingFaceConfig: Decodable {
  let model_type: String
  let vocab_size: Int?
  let hidden_size: Int?
  let intermediate_size: Int?
  let num_hidden_layers: Int?
  let num_attention_heads: Int?
  let num_key_value_heads: Int?
  let head_dim: Int?
  let hidden_act: String?
  let max_position_embeddings: Int?
  let rms_norm_eps: Double?
  let tie_word_embeddings: Bool?
  let attention_bias: Bool?
  let mlp_bias: Bool?
  let rope_theta: Double?
  let rope_scaling: RotarySettings?
  let rope_parameters: RotarySettings?
  let partial_rotary_factor: Double?
  let original_max_position_embeddings: Int?
  let use_sliding_window: Bool?
  let sliding_window: Int?
  let max_window_layers: Int?
  let layer_types: [String]?
  let quantization_config: Quantisation?

  struct Quantisation: Decodable {
    let quant_method: String?
  }

  /// Of the rotary positions; in the old layout without the base.
  struct RotarySettings: Decodable {
    let rope_type: String?
    let type: String?
    let rope_theta: Double?
    let factor: Double?
    let low_freq_factor: Double?
    let high_freq_factor: Double?
    let original_max_position_embeddings: Int?
    let partial_rotary_factor: Double?
    /// Settings of its own for a kind of layers, in the place of one for all.
    let full_attention: AnyValue?

    /// Of any type, and not read.
    struct AnyValue: Decodable { init(from decoder: any Decoder) {} }
  }

  /// Reads the file.
  init(path: String) throws(HuggingFaceError) {
    let text: String
    do { text = try MappedFile.text(path: path) } catch { throw .file(error) }
    do {
      self = try JSONDecoder().decode(HuggingFaceConfig.self, from: Data(text.utf8))
    } catch {
      throw .malformed(path: path, problem: jsonProblem(error))
    }
  }
}

extension ModelArchitecture {
  /// What a `config.json` of the family need not say.
  struct Defaults {
    let vocabularySize: Int
    let feedForwardWidth: Int
    let contextLength: Int
    /// Nil for the width shared out among the heads.
    let headWidth: Int?
  }

  var defaults: Defaults {
    switch self {
    case .llama:
      Defaults(
        vocabularySize: 32_000, feedForwardWidth: 11_008, contextLength: 2048,
        headWidth: nil)
    case .qwen2:
      Defaults(
        vocabularySize: 151_936, feedForwardWidth: 22_016, contextLength: 32_768,
        headWidth: nil)
    case .qwen3:
      Defaults(
        vocabularySize: 151_936, feedForwardWidth: 22_016, contextLength: 32_768,
        headWidth: 128)
    }
  }
}
