public import BearLabCore

/// What can be wrong with a model's folder of Hugging Face.
public enum HuggingFaceError: BearLabError, Equatable {
  case file(FileError)
  case malformed(path: String, problem: String)
  case badValue(path: String, key: String, value: String, requirement: String)
  case unsupported(path: String, key: String, value: String, supported: [String])
  case quantised(path: String, method: String)
  case noWeights(folder: String, found: [String])
  case mixedWeights(folder: String, files: [String])
  case badShardName(path: String, tensor: String, shard: String)
  case missingShard(path: String, shard: String, tensors: Int)
  case notInIndex(path: String, tensor: String)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let path, let problem): "\(path): \(problem)"
    case .badValue(let path, let key, let value, let requirement):
      "\(path): \(key) is \(excerpt(of: value)), but must be \(requirement)"
    case .unsupported(let path, let key, let value, _):
      "\(path): \(key) is '\(excerpt(of: value))', which is not supported"
    case .quantised(let path, let method):
      "\(path): the weights are quantised ('\(excerpt(of: method))'), which cannot be read"
    case .noWeights(let folder, let found):
      "\(folder): has a config.json, but no weights in safetensors"
        + (found.isEmpty ? "" : "; there is " + found.joined(separator: ", "))
    case .mixedWeights(let folder, let files):
      "\(folder): holds the weights of a model in several forms: "
        + files.joined(separator: ", ")
    case .badShardName(let path, let tensor, let shard):
      "\(path): tensor \(excerpt(of: tensor)) is said to be in '\(excerpt(of: shard))', "
        + "which is no name of a safetensors file beside it"
    case .missingShard(let path, let shard, let tensors):
      "\(path): file \(excerpt(of: shard)), which holds \(tensors) of the tensors, is missing"
    case .notInIndex(let path, let tensor): "\(path): tensor \(tensor) is in none of the files"
    }
  }

  public var remedy: String {
    switch self {
    case .file(let error): error.remedy
    case .malformed, .badShardName, .missingShard, .notInIndex:
      "fetch the folder again, with all files of model.safetensors.index.json; it is damaged or "
        + "incomplete"
    case .badValue: "use a config.json that belongs to the weights beside it"
    case .unsupported(_, _, _, let supported):
      "use a model with \(supported.joined(separator: " or "))"
    case .quantised:
      "use the checkpoint in F32, F16 or BF16, or a GGUF file of it in one of "
        + GGMLType.allCases.map(\.description).joined(separator: ", ")
    case .noWeights:
      "give a folder with model.safetensors, or with model.safetensors.index.json and its shards; "
        + "save_pretrained of transformers writes them"
    case .mixedWeights: "leave one of them in the folder; a GGUF file can also be given by its path"
    }
  }
}
