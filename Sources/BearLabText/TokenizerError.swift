public import BearLabCore

/// Why some arrays do not make a tokenizer.
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
  case noMerges(tokens: Int)
  case missingSpecial(String)

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
    case .noMerges(let tokens):
      "there are no merges, but a vocabulary of \(tokens) tokens that only merges could make"
    case .missingSpecial(let token): "the vocabulary has no token \(excerpt(of: token))"
    }
  }

  public var remedy: String {
    switch self {
    case .unsupportedPreTokenizer:
      "use a model whose pre-tokenizer is one of "
        + PreTokenizer.allCases.map(\.rawValue).joined(separator: ", ")
    case .missingByte: "use a model with a byte-level vocabulary"
    case .missingSpecial: "use the vocabulary that belongs to the tokenizer's configuration"
    default: "convert the model again from its original checkpoint; its tokenizer is damaged"
    }
  }
}
