public import BearLabCore

/// Writes any text, and ranks the titles by how near the model finds them to it.
///
///     g    what the base model makes of the text that beam search writes, quotes stripped
///     E_j  what it makes of title j
///     D_j = ‖g − E_j‖                        the list is sorted by D, ascending
///     D′ = (D − min D) / (max D − min D)     with an adjustment by D″_j = D′_j · (1 + q′_j)^(−γ)
///
/// q′ is scaled to [0, 1] as D′ is, and is the titles' popularity in training, or a recommender's
/// scores for the user. Both are 0 throughout where the largest is the smallest. Of equal ones the
/// title of the lower item comes first; a title's score in the list is −D, or −D″.
///
/// The texts are those of ``BearLabCore/VocabularyBeamSearch``, of which the first is taken. A
/// vector is the last hidden state, after the final norm, at the last token of the text alone, BOS
/// before it where the model has one; LoRA has no part in it.
///
/// - Source: K. Bao et al., "A Bi-Step Grounding Paradigm for Large Language Models in
///   Recommendation Systems", 2023; SAI990323/BIGRec, `evaluate.py`.
public struct BIGRecGroundingDecoder: Decoder {
  private let width: Int
  private let lengthPenalty: Double
  private let tokenLimit: Int  // 0: the longest path
  private let listLength: Int
  private let adjustment: Adjustment
  private let gamma: Double
  /// There once the decoder is prepared.
  private var titles: TitleSpace?

  /// What moves the distances.
  enum Adjustment: String, CaseIterable, ParameterReadable {
    case none
    case popularity
    case collaborative
  }

  public static let summary = "BIGRec's own: writes freely, then ranks titles by embedding distance"
  public static let citation =
    "K. Bao et al., \"A Bi-Step Grounding Paradigm for Large Language Models in "
    + "Recommendation Systems\", 2023; SAI990323/BIGRec"
  public static let parameters: [Parameter] = [
    .integer("width", default: 4, in: 1...10_000, unit: "beams", "hypotheses kept at each step"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides a text's score; 1 in the official runs"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest text, EOS included; 0 means the longest title; 128 in the official runs"),
    .integer("list", default: 10, in: 1...1_000_000, unit: "titles", "length of the ranked list"),
    .choice(
      "adjustment", default: "none", of: Adjustment.allCases.map(\.rawValue),
      "what draws titles nearer: nothing, their popularity, or a recommender's scores"),
    .real(
      "gamma", default: 1, in: 0...,
      "power of the adjustment; the paper picks one of 0 to 99 on validation"),
  ]
  /// The default of `gamma`.
  private static let neutralGamma = 1.0

  /// The soft-max runs over the vocabulary.
  public var constraint: ConstraintMode? { .after }

  /// One is needed where its scores draw the titles nearer.
  public var needsRecommender: Bool { adjustment == .collaborative }

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
    listLength = try values["list"]
    adjustment = try values["adjustment"]
    gamma = try values["gamma"]
    if adjustment == .none, gamma != Self.neutralGamma {
      throw BIGRecGroundingError.gammaWithoutAdjustment(gamma)
    }
  }

  /// Embeds all titles.
  public mutating func prepare(
    _ context: DecoderContext, scorer: inout some PathScorer
  ) throws {
    titles = try TitleSpace(context, scorer: &scorer)
  }

  /// Writes a text behind each prompt, and ranks the titles by their distances to it.
  ///
  /// - Returns: as many titles as the list is long, or all where there are fewer.
  /// - Throws: ``BIGRecGroundingError``, `ScoringError` for NaN, and what the scorer throws.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    guard let titles else { throw BIGRecGroundingError.notPrepared }
    guard trie.titleCount > 0 else { return (0..<prompts).map { _ in [] } }
    let limit = tokenLimit == 0 ? trie.maximumDepth : tokenLimit
    let search = VocabularyBeamSearch(
      width: width, lengthPenalty: lengthPenalty, tokenLimit: limit,
      endToken: titles.encoder.eosToken)
    let texts = try search.texts(behind: prompts, scorer: &scorer).map { $0.first?.tokens ?? [] }
    let points = try titles.points(of: texts, limit: limit, scorer: &scorer)
    return try points.enumerated().map { prompt, point in
      let distances = try adjusted(
        titles.distances(to: point), prompt: prompt, titles, scorer: &scorer)
      if distances.contains(where: \.isNaN) {
        throw ScoringError.notANumber(prompt: prompt, path: texts[prompt])
      }
      return ranked(distances)
    }
  }

  private func adjusted(
    _ distances: [Double], prompt: Int, _ titles: TitleSpace, scorer: inout some PathScorer
  ) throws -> [Double] {
    switch adjustment {
    case .none: return distances
    case .popularity:
      return Grounding.adjusted(distances, by: titles.popularity, gamma: gamma)
    case .collaborative:
      guard let scores = try scorer.recommenderScores(behind: prompt) else {
        throw BIGRecGroundingError.noRecommender
      }
      return Grounding.adjusted(distances, by: scores.map(Double.init), gamma: gamma)
    }
  }

  private func ranked(_ distances: [Double]) -> [RankedAnswer] {
    distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(listLength)
      .map { RankedAnswer(ScoredTitle(title: $0, score: Float(-distances[$0]))) }
  }
}

/// What can be wrong with a grounding.
public enum BIGRecGroundingError: BearLabError, Equatable {
  case gammaWithoutAdjustment(Double)
  case notPrepared
  case noRecommender

  public var description: String {
    switch self {
    case .gammaWithoutAdjustment(let gamma):
      "decoder bigrec-grounding: gamma=\(gamma) says nothing with adjustment=none"
    case .notPrepared: "decoder bigrec-grounding: it was not prepared, and knows no titles"
    case .noRecommender:
      "decoder bigrec-grounding: adjustment=collaborative, and there is no recommender"
    }
  }

  public var remedy: String {
    switch self {
    case .gammaWithoutAdjustment: "set adjustment=popularity or collaborative, or leave gamma out"
    case .notPrepared: "call prepare(_:scorer:) before search(prompts:in:scorer:)"
    case .noRecommender: "give the run a recommender, or set adjustment=popularity"
    }
  }
}

/// Registers the decoder `bigrec-grounding`.
public enum BIGRecGroundingModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "bigrec-grounding", BIGRecGroundingDecoder.self)
  }
}
