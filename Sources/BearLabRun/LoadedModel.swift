public import BearLabCore
internal import BearLabFormats
public import BearLabLanguageModel
public import BearLabTensor
public import BearLabText

/// A language model with its tokenizer, read from a file.
public struct LoadedModel {
  public let model: LanguageModel
  let outline: ModelOutline
  /// SHA-256 of the file, in hexadecimal.
  public let hash: String

  public var encoder: BytePairEncoder { outline.encoder }
  public var path: String { outline.path }

  /// Reads a GGUF file.
  ///
  /// - Parameters:
  ///   - path: of the file.
  ///   - precision: of the frozen weights and of the operands of products; the instruction set in
  ///     use must have it.
  /// - Throws: ``GGUFError``, ``ModelError`` or ``LanguageModelError``.
  public init(gguf path: String, precision: Precision = .f32) throws {
    let file = try GGUFFile(path: path)
    try self.init(file, ModelOutline(file), precision: precision)
  }

  /// Reads the weights of a file whose header is known.
  init(_ outline: ModelOutline, precision: Precision) throws {
    try self.init(GGUFFile(path: outline.path), outline, precision: precision)
  }

  private init(_ file: GGUFFile, _ outline: ModelOutline, precision: Precision) throws {
    let shape = outline.shape
    // Sizes are looked at before memory is taken: the file may be another one by now.
    try file.requireWeights(shape, tiedHead: outline.tiedHead)
    model = try LanguageModel(
      shape: shape, tiedHead: outline.tiedHead, precision: precision
    ) { name, target in try file.copy(name, shape: shape, into: &target) }
    self.outline = outline
    hash = try FileHash.sha256(path: outline.path)
  }
}

/// Why a file's parts do not make a model, or not one for the data.
public enum ModelError: BearLabError, Equatable {
  case tokenizer(path: String, problem: TokenizerError)
  case moreTokensThanRows(path: String, tokens: Int, rows: Int)
  case promptTooLong(user: Int, items: Int, tokens: Int, titleTokens: Int, contextLength: Int)

  public var description: String {
    switch self {
    case .tokenizer(let path, let problem): "\(path): tokenizer: \(problem.description)"
    case .moreTokensThanRows(let path, let tokens, let rows):
      "\(path): the tokenizer has \(tokens) tokens, but token_embd.weight only \(rows) rows"
    case .promptTooLong(let user, let items, let tokens, let titleTokens, let contextLength):
      "the prompt of user \(user), with a history of \(items) items, has \(tokens) tokens; with the "
        + "longest title, \(titleTokens) tokens, it exceeds the model's context of \(contextLength)"
    }
  }

  public var remedy: String {
    switch self {
    case .tokenizer(_, let problem): problem.remedy
    case .moreTokensThanRows:
      "use a file with at least a row for each token; this tokenizer is of another model"
    case .promptTooLong(_, _, _, let titleTokens, let contextLength):
      "use a model with a longer context, shorter titles, or shorter histories: at most "
        + "\(max(0, contextLength - titleTokens)) tokens of prompt fit here"
    }
  }
}
