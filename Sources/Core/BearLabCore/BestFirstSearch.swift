/// Finds the titles of the highest total log-probability, without scoring all of them.
///
///     S(prefix) = Σ log p        the key of a prefix, or S / Lmax^α: see below
///
/// Each round expands the best prefixes, a batch of them, and drops what cannot be among the K best.
/// No log-probability is above 0, so a prefix bounds the titles below it from above; the search ends
/// when no prefix is better than the K-th best title. With a length penalty α a title's score is
/// S / L^α, and a prefix has the length Lmax of the longest title below it: S ≤ 0, so that is a bound
/// again.
///
/// Sums are in double precision. Of titles that tie the lower comes first; of those that tie at the
/// K-th place any is found.
///
/// - Source: A* search with heuristic 0; section 7.6 of the method specification.
public struct BestFirstSearch: DecoderSearch, Sendable {
  /// What is searched for, and how far.
  public struct Settings: Sendable {
    /// Titles wanted; K.
    public var count: Int
    /// The power of the length that divides the score; α.
    public var lengthPenalty: Double
    /// Prefixes expanded in a round: only time depends on it.
    public var batch: Int
    /// Prefixes expanded at most.
    public var expansionLimit: Int

    /// Creates settings.
    public init(
      count: Int, lengthPenalty: Double = 0, batch: Int = 8, expansionLimit: Int = .max
    ) {
      self.count = count
      self.lengthPenalty = lengthPenalty
      self.batch = batch
      self.expansionLimit = expansionLimit
    }
  }

  /// How many prefixes were expanded.
  public private(set) var expansions = 0
  private let settings: Settings
  private var frontier: TrieFrontier
  private var asked: [TrieFrontier.Prefix] = []
  private var found: [TrieFrontier.Ending] = []  // best first, at most K

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - trie: what is searched.
  ///   - settings: what is searched for.
  ///   - forcedTokensAreFree: as ``PathScorer/forcedTokensAreFree``; if so they are not asked for.
  public init(in trie: ItemTrie, _ settings: Settings, forcedTokensAreFree: Bool) {
    self.settings = settings
    frontier = TrieFrontier(
      in: trie, lengthPenalty: settings.lengthPenalty, forcedTokensAreFree: forcedTokensAreFree)
    keep(frontier.add(ItemTrie.root, total: 0, above: -.infinity))
  }

  public mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    for (prefix, own) in zip(asked, scores) {
      let titles = frontier.addChildren(
        of: prefix.node, total: prefix.total, scores: own, above: bound)
      titles.forEach { keep($0) }
    }
    asked = frontier.take(
      min(settings.batch, settings.expansionLimit - expansions), above: bound)
    expansions += asked.count
    return asked.map(\.node)
  }

  /// The titles that are certain: none that was not found can be better.
  ///
  /// Fewer than were wanted where ``isCertified`` is false.
  public var results: [ScoredTitle] {
    let open = frontier.best
    return found.prefix { $0.key >= open }
      .map { ScoredTitle(title: $0.title, score: Float($0.key)) }
  }

  /// Whether the K best were found, or all titles where there are fewer; false while the search goes
  /// on, and where it was ended by the limit.
  public var isCertified: Bool { asked.isEmpty && frontier.best <= bound }

  /// What a title must exceed to be among the K best.
  private var bound: Double {
    found.count == settings.count ? found.last?.key ?? .infinity : -.infinity
  }

  private mutating func keep(_ ending: TrieFrontier.Ending?) {
    guard let ending, ending.key > bound else { return }
    if found.count == settings.count { found.removeLast() }
    let place = found.firstIndex { ($0.key, ending.title) < (ending.key, $0.title) }
    found.insert(ending, at: place ?? found.endIndex)
  }
}
