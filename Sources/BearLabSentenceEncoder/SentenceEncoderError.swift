public import BearLabCore
public import BearLabFormats
public import BearLabText

/// Why a folder does not make a sentence encoder.
public enum SentenceEncoderError: BearLabError, Equatable {
  case file(FileError)
  case weights(SafetensorsError)
  case tokenizer(path: String, problem: TokenizerError)
  case malformed(path: String, problem: String)
  case badValue(path: String, key: String, value: String, requirement: String)
  case unsupported(path: String, key: String, value: String, supported: [String])
  case moreTokensThanRows(path: String, tokens: Int, rows: Int)
  case vectorNotFinite(text: String)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .weights(let error): error.description
    case .tokenizer(let path, let problem): "\(path): \(problem.description)"
    case .malformed(let path, let problem): "\(path): \(problem)"
    case .badValue(let path, let key, let value, let requirement):
      "\(path): \(key) is \(value), but must be \(requirement)"
    case .unsupported(let path, let key, let value, _):
      "\(path): \(key) is '\(excerpt(of: value))', which is not supported"
    case .moreTokensThanRows(let path, let tokens, let rows):
      "\(path): \(tokens) tokens, but vocab_size of config.json is \(rows)"
    case .vectorNotFinite(let text):
      "the sentence encoder's vector of \"\(excerpt(of: text))\" is not finite"
    }
  }

  public var remedy: String {
    switch self {
    case .file(.cannotOpen):
      "give the folder of a BERT that sentence-transformers saved, with vocab.txt and "
        + "model.safetensors; scripts/fetch minilm-l6 gets one"
    case .file(let error): error.remedy
    case .weights(let error): error.remedy
    case .tokenizer(_, let problem): problem.remedy
    case .malformed, .badValue: "fetch or save the encoder again; the file is damaged"
    case .unsupported(_, _, _, let supported):
      "use an encoder with \(supported.joined(separator: " or "))"
    case .moreTokensThanRows: "use the vocabulary that belongs to config.json"
    case .vectorNotFinite: "fetch or save the encoder again; its weights are too large"
    }
  }
}
