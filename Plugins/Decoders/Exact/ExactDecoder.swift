public import BearLabCore

/// The true top titles by overall log-probability: what beam search approximates.
///
///     S(title) = Σ_t log p_t          the list is sorted by S / length^α, EOS counted in the length
///
/// The search is ``BearLabCore/BestFirstSearch``, whose documentation says why nothing is missed. Of
/// titles that tie at the last place any is found.
///
/// With `max-expansions` the search may end before the list is certain: a list then holds the titles
/// that are certain, in their places, and is shorter than `list`. A list as long as that, or as the
/// catalogue, is always certified.
///
/// - Source: A* search with heuristic 0; section 7.6 of the method specification.
public struct ExactDecoder: Decoder {
  private let settings: BestFirstSearch.Settings

  public static let summary =
    "the true top titles by overall probability: best-first search of the item trie"
  public static let citation = "best-first search: P. E. Hart, N. J. Nilsson, B. Raphael, 1968"
  public static let parameters: [Parameter] = [
    .integer("list", default: 10, in: 1...1_000_000, unit: "titles", "length of the ranked list"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides the score; 1 in the official runs"),
    .integer(
      "batch", default: 8, in: 1..., unit: "prefixes",
      "prefixes of a user expanded at once: only time depends on it"),
    .integer(
      "max-expansions", default: 20_000, in: 1..., unit: "prefixes",
      "prefixes expanded for a user; then the list is left shorter, not certified"),
  ]

  public init(_ values: ParameterValues) throws {
    settings = BestFirstSearch.Settings(
      count: try values["list"], lengthPenalty: try values["length-penalty"],
      batch: try values["batch"], expansionLimit: try values["max-expansions"])
  }

  public func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]] {
    var searches = (0..<prompts).map { [free = scorer.forcedTokensAreFree] _ in
      BestFirstSearch(in: trie, settings, forcedTokensAreFree: free)
    }
    try scorer.run(&searches, in: trie)
    return searches.rankedAnswers
  }
}

/// Registers the decoder `exact`.
public enum ExactModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "exact", ExactDecoder.self)
  }
}
