public import BearLabCore
internal import Foundation

/// Debiasing-diversifying decoding (D³): beam search with a recommender beside the language model.
///
///     q        = softmax of the recommender's scores over all titles
///     q_tok(v) = (Σ q below v + 1e-20) / Σ_{v' ∈ C} (Σ q below v' + 1e-20)
///     s(v)     = a · log p(v) + (1 − a) · log q_tok(v)       C: the children of the trie node
///
/// Then beam search as `constrained-beam`, flavour `hf`, with s for the log-probabilities and, unless
/// it is set, no length penalty: tokens of probability near 1 would pull long titles up. A title
/// that items share has its best item's score, and counts once.
///
/// - Source: K. Bao et al., "Decoding Matters: Addressing Amplification Bias and Homogeneity Issue
///   for LLM-based Recommendation", 2024; SAI990323/DecodingMatters. In difference to it, tokens that
///   the trie lacks have −∞, not −1e6.
public struct D3Decoder: Decoder {
  private let width: Int  // B
  private let guidanceScale: Double  // a
  private let lengthPenalty: Double
  private let tokenLimit: Int  // 0: the longest path

  public static let summary = "D³: beam search over the item trie, guided by a recommender"
  public static let citation =
    "K. Bao et al., \"Decoding Matters: Addressing Amplification Bias and Homogeneity Issue for "
    + "LLM-based Recommendation\", 2024; SAI990323/DecodingMatters"
  public static let parameters: [Parameter] = [
    .integer("width", default: 10, in: 1...10_000, unit: "beams", "hypotheses kept at each step"),
    .real(
      "guidance-scale", default: 0.7, in: 0...1,
      "weight of the language model's log-probability, a; 1 leaves the recommender out"),
    .real("length-penalty", default: 0, in: 0..., "power of the length that divides the score"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 64 in the authors' code"),
  ]

  /// The soft-max runs over the vocabulary.
  public var constraint: ConstraintMode? { .after }
  public var needsRecommender: Bool { guidanceScale < 1 }

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    guidanceScale = try values["guidance-scale"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
  }

  /// Runs the searches of all prompts side by side.
  ///
  /// - Returns: at most B titles a prompt.
  /// - Throws: ``D3Error``, `ScoringError` for NaN, and what the scorer throws.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    let width = min(width, max(trie.titleCount, 1))
    let limit = tokenLimit == 0 ? trie.maximumDepth : tokenLimit
    var searches: [GuidedSearch] = []
    for prompt in 0..<prompts {
      searches.append(
        GuidedSearch(
          beams: PooledBeamSearch(
            in: trie, width: width, lengthPenalty: lengthPenalty, tokenLimit: limit),
          guide: try guide(prompt: prompt, in: trie, scorer: &scorer)))
    }
    try scorer.run(&searches, in: trie)
    return searches.rankedAnswers
  }

  private func guide(
    prompt: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> Guide? {
    guard needsRecommender else { return nil }
    guard let scores = try scorer.recommenderScores(behind: prompt) else {
      throw D3Error.noRecommender
    }
    if let title = scores.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
      throw D3Error.unusableScore(prompt: prompt, title: title, score: scores[title])
    }
    return Guide(trie: trie, titleScores: scores, scale: guidanceScale)
  }
}

/// Mixes the language model's log-probabilities with a recommender's, token by token.
struct Guide {
  /// Keeps the logarithm of a token without probability finite.
  private static let floor = 1e-20
  private let trie: ItemTrie
  private let scale: Double
  /// `[nodes]`: Σ q below each.
  private let masses: [Double]

  init(trie: ItemTrie, titleScores: [Float], scale: Double) {
    self.trie = trie
    self.scale = scale
    let largest = Double(titleScores.max() ?? 0)
    let weights = titleScores.map { exp(Double($0) - largest) }
    let sum = weights.reduce(0, +)
    masses = trie.sums(ofTitles: weights.map { $0 / sum })
  }

  /// s of the children of a node.
  func mixed(_ scores: ChildScores) -> ChildScores {
    let own = trie.children(of: scores.node).map { masses[$0] + Self.floor }
    let sum = own.reduce(0, +)
    return ChildScores(
      node: scores.node,
      logProbabilities: zip(scores.logProbabilities, own).map { logProbability, mass in
        Float(scale * Double(logProbability) + (1 - scale) * log(mass / sum))
      })
  }
}

/// A beam search that sees mixed scores.
private struct GuidedSearch: DecoderSearch {
  var beams: PooledBeamSearch
  let guide: Guide?

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    beams.advance(guide.map { scores.map($0.mixed) } ?? scores)
  }

  var results: [ScoredTitle] { beams.results }
}

/// Why no guided search can be made.
public enum D3Error: BearLabError, Equatable {
  case noRecommender
  case unusableScore(prompt: Int, title: Int, score: Float)

  public var description: String {
    switch self {
    case .noRecommender: "decoder d3: guidance-scale is below 1, and there is no recommender"
    case .unusableScore(let prompt, let title, let score):
      "decoder d3: prompt \(prompt): the recommender gives title \(title) the score \(score)"
    }
  }

  public var remedy: String {
    switch self {
    case .noRecommender: "give the run a recommender, or set guidance-scale=1"
    case .unusableScore: "check the recommender's weights for NaN, or train it again"
    }
  }
}

/// Registers the decoder `d3`.
public enum D3Module: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "d3", D3Decoder.self)
  }
}
