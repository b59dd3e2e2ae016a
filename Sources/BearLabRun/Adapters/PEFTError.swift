public import BearLabCore
public import BearLabFormats

/// Why an adapter of PEFT cannot be used.
public enum PEFTError: BearLabError, Equatable {
  case file(FileError)
  case safetensors(SafetensorsError)
  case noWeights(folder: String)
  case pickled(folder: String)
  case malformedConfig(path: String, problem: String)
  case unsupported(path: String, setting: String, value: String, reason: String)
  case strayTensor(path: String, tensor: String, reason: String)
  case missingHalf(path: String, module: String, missing: String)
  case missingModule(path: String, module: String)
  case wrongRank(path: String, module: String, stated: Int, found: [Int])
  case nothingAdapted(path: String)
  case frozenBackbone(name: String)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .safetensors(let error): error.description
    case .noWeights(let folder): "\(folder) holds no adapter_model.safetensors"
    case .pickled(let folder):
      "\(folder) holds adapter_model.bin, a pickle, and no adapter_model.safetensors"
    case .malformedConfig(let path, let problem): "\(path): \(excerpt(of: problem))"
    case .unsupported(let path, let setting, let value, let reason):
      "\(path): \(setting) is \(excerpt(of: value)): \(reason)"
    case .strayTensor(let path, let tensor, let reason):
      "\(path): tensor \(excerpt(of: tensor)) \(reason)"
    case .missingHalf(let path, let module, let missing):
      "\(path): \(module) has no \(missing), only the other half of the pair"
    case .missingModule(let path, let module):
      "\(path): there are no weights for \(module), which target_modules names"
    case .wrongRank(let path, let module, let stated, let found):
      "\(path): lora_A of \(module) has shape \(found), where adapter_config.json says rank \(stated)"
    case .nothingAdapted(let path): "\(path): target_modules names no linear layer of the model"
    case .frozenBackbone(let name):
      "backbone \(name) leaves the language model as it is, so that it has no use for an adapter"
    }
  }

  public var remedy: String {
    switch self {
    case .file(let error): error.remedy
    case .safetensors(.wrongShape):
      "use the adapter with the model that it was trained on; A is [rank, in], B is [out, rank]"
    case .safetensors(let error): error.remedy
    case .noWeights: "give the folder that PEFT's save_pretrained wrote"
    case .pickled:
      "load the adapter with PEFT and save it again: save_pretrained(folder, safe_serialization=True)"
    case .malformedConfig: "give the adapter_config.json that PEFT wrote beside the weights"
    case .unsupported:
      "merge the adapter into its base with PEFT's merge_and_unload, save that, and give the folder "
        + "to --model"
    case .strayTensor:
      "give a LoRA adapter of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj or down_proj for "
        + "this model"
    case .missingHalf, .missingModule:
      "save the adapter again: lora_A and lora_B are needed of every layer that is adapted"
    case .wrongRank: "use the adapter_config.json that belongs to the weights: r and rank_pattern"
    case .nothingAdapted: "give an adapter for a model of the Llama or Qwen family"
    case .frozenBackbone: "leave the adapter out, or choose a backbone that trains LoRA"
    }
  }
}
