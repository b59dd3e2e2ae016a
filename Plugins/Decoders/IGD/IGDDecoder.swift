public import BearLabCore

/// Information-gain-based decoding (IGD): beam search that favours tokens which decide.
///
///     s(v)   = (log p(v) − 1e-7) · w(v)
///     w(v)   = 1 − a · (IG(v) − min) / (max − min + 1e-7)      min, max: over the children of one node
///     IG(v)  = H(node) − H(v)                                   see ``InformationGain``
///
/// A weight below 1 makes a log-probability less negative. Then beam search as `constrained-beam`,
/// flavour `hf`, with s for the log-probabilities.
///
/// - Source: "IGD: Token Decisiveness Modeling via Information Gain in LLMs for Personalized
///   Recommendation", 2025; ZJLin2oo1/LLM4Rec-IGD. In difference to it, titles that are never a
///   target of training can be found unless `smoothing` is 0.
public struct IGDDecoder: Decoder {
  private let width: Int  // B
  private let strength: Double  // a
  private let entropy: InformationGain.Entropy
  private let smoothing: Int
  private let lengthPenalty: Double
  private let tokenLimit: Int  // 0: the longest path
  /// `[titles]`: how often each is a target of training; there once the decoder is prepared.
  private var counts: [Int]?

  public static let summary = "beam search over the item trie that favours decisive tokens"
  public static let citation =
    "\"IGD: Token Decisiveness Modeling via Information Gain in LLMs for Personalized "
    + "Recommendation\", 2025; ZJLin2oo1/LLM4Rec-IGD"
  public static let parameters: [Parameter] = [
    .integer("width", default: 10, in: 1...10_000, unit: "beams", "hypotheses kept at each step"),
    .real(
      "strength", default: 0.2, in: 0...1,
      "how much of a token's log-probability the largest information gain takes away, a"),
    .choice(
      "entropy", default: InformationGain.Entropy.global.rawValue,
      of: InformationGain.Entropy.allCases.map(\.rawValue),
      "of a node: with the titles' probabilities as they are, or rescaled within the node"),
    .integer(
      "smoothing", default: 1, in: 0...1_000_000,
      "added to every title's count; at 0 titles that training lacks cannot be found"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides the score; 1 in the official runs on BIGRec"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 72 in the authors' code"),
  ]

  /// The soft-max runs over the vocabulary.
  public var constraint: ConstraintMode? { .after }

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    strength = try values["strength"]
    entropy = try values["entropy"]
    smoothing = try values["smoothing"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
  }

  /// Takes the titles' counts in training.
  public mutating func prepare(_ context: DecoderContext, scorer: inout some PathScorer) throws {
    let counts = context.targetCounts
    guard counts.isEmpty || counts.contains(where: { $0 + smoothing > 0 }) else {
      throw IGDError.noTargets
    }
    self.counts = counts
  }

  /// Runs the searches of all prompts side by side.
  ///
  /// - Returns: at most B titles a prompt.
  /// - Throws: ``IGDError/notPrepared``, `ScoringError` for NaN, and what the scorer throws.
  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    guard let counts else { throw IGDError.notPrepared }
    let weights = InformationGain(
      trie: trie, counts: counts, smoothing: smoothing, entropy: entropy
    ).decodingWeights(strength: strength, in: trie)
    let limit = tokenLimit == 0 ? trie.maximumDepth : tokenLimit
    var searches = (0..<prompts).map { _ in
      WeightedSearch(
        beams: PooledBeamSearch(
          in: trie, width: min(width, max(trie.titleCount, 1)), lengthPenalty: lengthPenalty,
          tokenLimit: limit),
        trie: trie, weights: weights)
    }
    try scorer.run(&searches, in: trie)
    return searches.rankedAnswers
  }
}

/// A beam search that sees weighted scores.
private struct WeightedSearch: DecoderSearch {
  /// Taken from every log-probability, so that a weight changes one of 0 too.
  private static let offset: Float = 1e-7
  var beams: PooledBeamSearch
  let trie: ItemTrie
  /// `[nodes]`; NaN of what cannot be found.
  let weights: [Float]

  init(beams: PooledBeamSearch, trie: ItemTrie, weights: [Float]) {
    self.beams = beams
    self.trie = trie
    self.weights = weights
  }

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    beams.advance(scores.map(weighted))
  }

  private func weighted(_ scores: ChildScores) -> ChildScores {
    ChildScores(
      node: scores.node,
      logProbabilities: zip(trie.children(of: scores.node), scores.logProbabilities).map {
        weights[$0].isNaN ? -.infinity : ($1 - Self.offset) * weights[$0]
      })
  }

  var results: [ScoredTitle] { beams.results }
}

/// What can be wrong with the counts of titles.
public enum IGDError: BearLabError, Equatable {
  case notPrepared
  case noTargets

  public var description: String {
    switch self {
    case .notPrepared: "decoder igd: it was not prepared, and knows no counts of titles"
    case .noTargets: "decoder igd: no title is a target of training, and smoothing is 0"
    }
  }

  public var remedy: String {
    switch self {
    case .notPrepared: "call prepare(_:scorer:) before search(prompts:in:scorer:)"
    case .noTargets: "set smoothing=1, or use a data set with training windows"
    }
  }
}

/// Registers the decoder `igd`.
public enum IGDDecoderModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "igd", IGDDecoder.self)
  }
}
