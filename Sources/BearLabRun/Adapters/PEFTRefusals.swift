/// The settings of PEFT that make an adapter more than W + scale · B A, and why each is refused.
enum PEFTRefusals {
  /// Settings that must be false, null or empty.
  private static let empty: [(key: String, reason: String)] = [
    ("use_dora", "DoRA scales the rows of the merged weight by a trained magnitude"),
    ("modules_to_save", "whole modules were trained beside LoRA, and only LoRA is read"),
    ("layer_replication", "the adapter is for a model with layers repeated"),
    ("fan_in_fan_out", "the base model stores its weights [in, out], which no Llama or Qwen does"),
    ("lora_bias", "B has a bias, which is no part of a product of two matrices"),
    ("use_qalora", "QALoRA pools the inputs of A in groups"),
    ("target_parameters", "LoRA is on parameters that are no linear layers"),
    ("trainable_token_indices", "rows of the embedding were trained"),
    ("alora_invocation_tokens", "an activated LoRA takes effect behind certain tokens only"),
    ("use_bdlora", "the factors are block-diagonal parts"),
    ("arrow_config", "a router mixes several adapters"),
    ("kasa_config", "KaSA has trained singular values between B and A"),
    ("monteclora_config", "MonteCLoRA samples its weights"),
  ]

  /// Ways to begin a training that take the first product out of the base weights.
  private static let rewritingStarts = ["pissa", "corda", "olora", "loftq", "lora_ga"]

  /// Refuses what is not plain LoRA.
  ///
  /// - Throws: ``PEFTError/unsupported(path:setting:value:reason:)``, or
  ///   ``PEFTError/malformedConfig(path:problem:)`` where the kind of adapter is not said.
  static func check(_ members: [String: JSONValue], path: String) throws(PEFTError) {
    func refuse(_ key: String, _ reason: String) -> PEFTError {
      .unsupported(
        path: path, setting: key, value: members[key]?.shown ?? "missing", reason: reason)
    }
    guard let kind = members["peft_type"] else {
      throw .malformedConfig(path: path, problem: "peft_type is missing")
    }
    guard case .text(let name) = kind, name.uppercased() == "LORA" else {
      throw refuse("peft_type", "it is another kind of adapter than LoRA")
    }
    for (key, reason) in empty where members[key]?.isEmpty == false { throw refuse(key, reason) }
    if let bias = members["bias"], !bias.isEmpty, bias != .text("none") {
      throw refuse("bias", "biases of the base model were trained")
    }
    if case .text(let start) = members["init_lora_weights"],
      rewritingStarts.contains(where: start.lowercased().hasPrefix)
    {
      throw refuse(
        "init_lora_weights", "the adapter belongs to base weights that its start has changed")
    }
  }
}
