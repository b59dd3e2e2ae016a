public import BearLabCore

/// What can be wrong with a safetensors file.
public enum SafetensorsError: BearLabError, Equatable {
  case file(FileError)
  case malformedHeader(path: String, problem: String)
  case malformedTensor(path: String, tensor: String, problem: String)
  case missingTensor(path: String, tensor: String)
  case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
  case unsupportedType(path: String, tensor: String, type: String)
  case notFinite(path: String, tensor: String, index: Int, value: Float)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformedHeader(let path, let problem): "\(path): safetensors header: \(problem)"
    case .malformedTensor(let path, let tensor, let problem):
      "\(path): tensor \(excerpt(of: tensor)): \(problem)"
    case .missingTensor(let path, let tensor): "\(path): tensor \(tensor) is missing"
    case .wrongShape(let path, let tensor, let expected, let found):
      "\(path): tensor \(tensor) has shape \(excerpt(of: "\(found)")), expected \(expected)"
    case .unsupportedType(let path, let tensor, let type):
      "\(path): tensor \(tensor) has type \(excerpt(of: type)), which cannot be read"
    case .notFinite(let path, let tensor, let index, let value):
      "\(path): weight \(index) of tensor \(tensor) is \(value)"
    }
  }

  public var remedy: String {
    switch self {
    case .file(let error): error.remedy
    case .malformedHeader, .malformedTensor:
      "give a safetensors file, or fetch it again; it is damaged or incomplete"
    case .missingTensor, .wrongShape:
      "use the weights that belong to the config.json beside them"
    case .unsupportedType: "store the weights as F32, F16 or BF16"
    case .notFinite: "use a file whose weights are finite numbers"
    }
  }
}
