public import BearLabCore

/// What can be wrong with a GGUF file.
public enum GGUFError: BearLabError, Equatable {
  case file(FileError)
  case notGGUF(path: String, firstBytes: [UInt8])
  case unsupportedVersion(path: String, version: UInt32)
  case malformedHeader(path: String, offset: Int, problem: String)
  case malformedTensor(path: String, tensor: String, problem: String)
  case unsupportedTensorType(path: String, tensor: String, type: String)
  case missingKey(path: String, key: String)
  case wrongType(path: String, key: String, expected: String, found: String)
  case badValue(path: String, key: String, value: String, requirement: String)
  case unsupportedModel(path: String, key: String, value: String, supported: [String])
  case missingTensor(path: String, tensor: String)
  case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
  case notFinite(path: String, tensor: String, index: Int, value: Float)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .notGGUF(let path, let bytes): "\(path): starts with bytes \(bytes), not with GGUF"
    case .unsupportedVersion(let path, let version): "\(path): GGUF version is \(version)"
    case .malformedHeader(let path, let offset, let problem):
      "\(path): at byte \(offset): \(problem)"
    case .malformedTensor(let path, let tensor, let problem):
      "\(path): tensor \(excerpt(of: tensor)): \(problem)"
    case .unsupportedTensorType(let path, let tensor, let type):
      "\(path): tensor \(excerpt(of: tensor)) has type \(type), which cannot be read"
    case .missingKey(let path, let key): "\(path): key \(key) is missing"
    case .wrongType(let path, let key, let expected, let found):
      "\(path): key \(key) holds \(found) where \(expected) is expected"
    case .badValue(let path, let key, let value, let requirement):
      "\(path): \(key) is \(excerpt(of: value)), but must be \(requirement)"
    case .unsupportedModel(let path, let key, let value, _):
      "\(path): \(key) is '\(excerpt(of: value))', which is not supported"
    case .missingTensor(let path, let tensor): "\(path): tensor \(tensor) is missing"
    case .wrongShape(let path, let tensor, let expected, let found):
      "\(path): tensor \(tensor) has shape \(found), expected \(expected)"
    case .notFinite(let path, let tensor, let index, let value):
      "\(path): weight \(index) of tensor \(tensor) is \(value)"
    }
  }

  public var remedy: String {
    switch self {
    case .file(let error): error.remedy
    case .notGGUF: "give the path of a GGUF file"
    case .unsupportedVersion: "convert the model to GGUF version 2 or 3, little-endian"
    case .malformedHeader, .malformedTensor: "fetch the file again; it is damaged or incomplete"
    case .unsupportedTensorType:
      "quantise the model to one of "
        + GGMLType.allCases.map(\.description).joined(separator: ", ")
    case .missingKey(_, let key) where key.hasPrefix("tokenizer."):
      "use a model with its tokenizer inside: a file of the whole model, not of the weights alone"
    case .notFinite:
      "use a file whose weights are finite numbers; half precision may be too narrow for this model"
    case .missingKey, .wrongType, .badValue, .missingTensor, .wrongShape:
      "convert the model again with a converter that writes complete GGUF metadata"
    case .unsupportedModel(_, _, _, let supported):
      "use a model with \(supported.joined(separator: " or "))"
    }
  }
}
