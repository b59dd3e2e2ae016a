public import BearLabCore
public import BearLabFormats

/// Why some arrays, or the files of a folder, do not make a tokenizer.
public enum TokenizerError: BearLabError, Equatable {
  case unsupportedPreTokenizer(String)
  case emptyToken(Int32)
  case duplicateToken(String, first: Int32, second: Int32)
  case missingByte(UInt8)
  case malformedMerge(String, index: Int)
  case mergeOutsideVocabulary(String, index: Int)
  case duplicateMerge(String, index: Int)
  case tokenTypeCount(types: Int, tokens: Int)
  case tokenOutOfRange(Int32, count: Int)
  case missingBOS
  case missingEOS
  case noMerges(tokens: Int)
  case missingSpecial(String)
  indirect case inFolder(String, TokenizerError)
  case file(FileError)
  case malformed(path: String, problem: String)
  case badValue(path: String, key: String, value: String, requirement: String)
  case unsupported(path: String, key: String, value: String, supported: [String])

  /// Whether the message says which file is meant.
  var namesFile: Bool {
    switch self {
    case .inFolder, .file, .malformed, .badValue, .unsupported: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .unsupportedPreTokenizer(let name): "pre-tokenizer '\(excerpt(of: name))' is not supported"
    case .emptyToken(let number): "token \(number) of the vocabulary is empty"
    case .duplicateToken(let token, let first, let second):
      "tokens \(first) and \(second) of the vocabulary are both \"\(excerpt(of: token))\""
    case .missingByte(let byte):
      "the vocabulary has no token for the character \"\(Unicode.Scalar(byte))\" (byte \(byte))"
    case .malformedMerge(let merge, let index):
      "merge \(index) is \"\(excerpt(of: merge))\", not two tokens and a blank between them"
    case .mergeOutsideVocabulary(let merge, let index):
      "merge \(index), \"\(excerpt(of: merge))\": a part or the result is not in the vocabulary"
    case .duplicateMerge(let merge, let index):
      "merge \(index), \"\(excerpt(of: merge))\", appears twice"
    case .tokenTypeCount(let types, let tokens): "\(types) token types for \(tokens) tokens"
    case .tokenOutOfRange(let token, let count):
      "BOS or EOS is token \(token), but the vocabulary has tokens 0 to \(count - 1)"
    case .missingBOS: "BOS is to be added, but no BOS token is named"
    case .missingEOS:
      "no EOS token is named in tokenizer_config.json, config.json or generation_config.json"
    case .noMerges(let tokens):
      "there are no merges, but a vocabulary of \(tokens) tokens that only merges could make"
    case .missingSpecial(let token): "the vocabulary has no token \(excerpt(of: token))"
    case .inFolder(let path, let problem): "\(path): \(problem.description)"
    case .file(let error): error.description
    case .malformed(let path, let problem): "\(path): \(problem)"
    case .badValue(let path, let key, let value, let requirement):
      "\(path): \(excerpt(of: key)) is \(excerpt(of: value)), but must be "
        + excerpt(of: requirement)
    case .unsupported(let path, let key, let value, _):
      "\(path): \(excerpt(of: key)) is \(excerpt(of: value, limit: 400)), which is not supported"
    }
  }

  public var remedy: String {
    switch self {
    case .unsupportedPreTokenizer:
      "use a model whose pre-tokenizer is one of "
        + PreTokenizer.byGGUFName.keys.sorted().joined(separator: ", ")
    case .missingByte: "use a model with a byte-level vocabulary"
    case .missingSpecial: "use the vocabulary that belongs to the tokenizer's configuration"
    case .missingEOS: "add eos_token to tokenizer_config.json"
    case .inFolder(_, let problem): problem.remedy
    case .file(.cannotOpen):
      "give a folder with tokenizer.json; tokenizer.model and vocab.json alone are not read"
    case .file(let error): error.remedy
    case .malformed, .badValue: "fetch or save the tokenizer again; the file is damaged"
    case .unsupported(_, _, _, let supported):
      "use a model of the families of Llama 3, Qwen2, Qwen3, SmolLM or GPT-2; supported here: "
        + supported.joined(separator: "; ")
    default: "convert the model again from its original checkpoint; its tokenizer is damaged"
    }
  }
}
