public import BearLabCore

/// Beam search over the whole vocabulary: what a model writes when nothing keeps it to the catalogue.
///
/// The texts are those of ``BearLabCore/VocabularyBeamSearch``; one that is a title's tokens is that
/// title.
///
/// - Source: `BeamSearchScorer` of transformers 4.49.0; `constrained-beam`, flavour `hf`, without its
///   constraint.
public struct BeamDecoder: Decoder {
  private let width: Int  // B
  private let lengthPenalty: Double  // α
  private let tokenLimit: Int  // 0: the longest path

  public static let summary = "beam search over the whole vocabulary, without the item trie"
  public static let citation = "beam search of transformers 4.49.0"
  public static let parameters: [Parameter] = [
    .integer("width", default: 10, in: 1...10_000, unit: "beams", "hypotheses kept at each step"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides the score; 1 in the official runs"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 128 in the official runs"),
  ]

  /// The soft-max runs over the vocabulary.
  public var constraint: ConstraintMode? { .after }

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
  }

  /// Runs the searches of all prompts side by side.
  ///
  /// - Returns: at most B answers a prompt; none for an empty catalogue.
  /// - Throws: ``BeamError`` for titles without a common EOS, `ScoringError` for NaN, and what the
  ///   scorer throws.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    guard trie.titleCount > 0 else { return (0..<prompts).map { _ in [] } }
    guard let endToken = trie.endToken else { throw BeamError.noEndToken }
    let search = VocabularyBeamSearch(
      width: width, lengthPenalty: lengthPenalty,
      tokenLimit: tokenLimit == 0 ? trie.maximumDepth : tokenLimit, endToken: endToken)
    return try search.texts(behind: prompts, scorer: &scorer).map { texts in
      texts.map { answer(tokens: $0.tokens, score: $0.score, in: trie, endToken) }
    }
  }

  private func answer(
    tokens: [Int32], score: Float, in trie: ItemTrie, _ endToken: Int32
  ) -> RankedAnswer {
    if let title = trie.node(along: tokens).flatMap({ trie.title(at: $0) }) {
      return RankedAnswer(ScoredTitle(title: title, score: score))
    }
    return RankedAnswer(tokens: tokens.last == endToken ? tokens.dropLast() : tokens, score: score)
  }
}

/// What can be wrong with the catalogue of a search without the item trie.
public enum BeamError: BearLabError, Equatable {
  case noEndToken

  public var description: String {
    switch self {
    case .noEndToken: "decoder beam: the titles' tokens do not all end with one EOS"
    }
  }

  public var remedy: String {
    switch self {
    case .noEndToken: "end every title with the same token, or use the decoder constrained-beam"
    }
  }
}

/// Registers the decoder `beam`.
public enum BeamModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "beam", BeamDecoder.self)
  }
}
