public import BearLabLanguageModel
internal import BearLabNN

extension WeightName {
  /// The tensor's name in a checkpoint of Hugging Face, such as `model.norm.weight`.
  public var huggingFaceTensor: String {
    switch self {
    case .embedding: "model.embed_tokens.weight"
    case .head: "lm_head.weight"
    case .finalNorm: "model.norm.weight"
    case .attentionNorm(let layer): "model.layers.\(layer).input_layernorm.weight"
    case .feedForwardNorm(let layer): "model.layers.\(layer).post_attention_layernorm.weight"
    case .queryNorm(let layer): "model.layers.\(layer).self_attn.q_norm.weight"
    case .keyNorm(let layer): "model.layers.\(layer).self_attn.k_norm.weight"
    case .projection(let projection, let layer):
      "model.layers.\(layer).\(Self.huggingFaceModule(projection)).weight"
    case .bias(let projection, let layer):
      "model.layers.\(layer).\(Self.huggingFaceModule(projection)).bias"
    }
  }

  /// The tensor's name in a GGUF file, such as `output_norm.weight`.
  public var ggufTensor: String {
    switch self {
    case .embedding: "token_embd.weight"
    case .head: "output.weight"
    case .finalNorm: "output_norm.weight"
    case .attentionNorm(let layer): "blk.\(layer).attn_norm.weight"
    case .feedForwardNorm(let layer): "blk.\(layer).ffn_norm.weight"
    case .queryNorm(let layer): "blk.\(layer).attn_q_norm.weight"
    case .keyNorm(let layer): "blk.\(layer).attn_k_norm.weight"
    case .projection(let projection, let layer):
      "blk.\(layer).\(Self.ggufStem(projection)).weight"
    case .bias(let projection, let layer): "blk.\(layer).\(Self.ggufStem(projection)).bias"
    }
  }

  private static func huggingFaceModule(_ projection: Projection) -> String {
    switch projection {
    case .query: "self_attn.q_proj"
    case .key: "self_attn.k_proj"
    case .value: "self_attn.v_proj"
    case .output: "self_attn.o_proj"
    case .gate: "mlp.gate_proj"
    case .up: "mlp.up_proj"
    case .down: "mlp.down_proj"
    }
  }

  private static func ggufStem(_ projection: Projection) -> String {
    switch projection {
    case .query: "attn_q"
    case .key: "attn_k"
    case .value: "attn_v"
    case .output: "attn_output"
    case .gate: "ffn_gate"
    case .up: "ffn_up"
    case .down: "ffn_down"
    }
  }
}
