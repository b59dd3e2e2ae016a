public import BearLabCore
public import BearLabLanguageModel
public import BearLabTensor
public import BearLabText

/// A language model with its tokenizer, read from a GGUF file or a folder of Hugging Face.
public struct LoadedModel {
  public let model: LanguageModel
  let outline: ModelOutline
  /// See ``ModelSource/hash``.
  public let hash: String

  public var encoder: BytePairEncoder { outline.encoder }
  public var path: String { outline.path }

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: of the GGUF file or the folder of Hugging Face.
  ///   - precision: of the frozen weights and of the operands of products; the instruction set in
  ///     use must have it.
  /// - Throws: what ``ModelOutline/init(path:)`` throws, `LanguageModelError`, or ``ExportProbeError``
  ///   where the folder was exported by this program and is another now.
  public init(path: String, precision: Precision = .f32) throws {
    let source = try ModelSources.open(path)
    try self.init(source, ModelOutline(source), precision: precision)
  }

  /// Reads the weights of a model whose outline is known.
  init(_ outline: ModelOutline, precision: Precision) throws {
    try self.init(ModelSources.open(outline.path), outline, precision: precision)
  }

  private init(_ source: any ModelSource, _ outline: ModelOutline, precision: Precision) throws {
    let shape = outline.shape
    // Sizes are looked at before memory is taken: the files may be others by now.
    try source.requireWeights(shape, tiedHead: outline.tiedHead)
    model = try LanguageModel(
      shape: shape, tiedHead: outline.tiedHead, precision: precision
    ) { name, target in try source.copy(name, shape: shape, into: &target) }
    // A folder that was exported here has what the model gave then.
    if source is HuggingFaceModel, let probe = try ExportProbe(in: source.path) {
      try probe.check(model, adapter: nil, folder: source.path)
    }
    self.outline = outline
    hash = try source.hash
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
      "\(path): the tokenizer has \(tokens) tokens, but the embedding only \(rows) rows"
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
