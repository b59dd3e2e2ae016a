/// Beam search over the item trie in which finished titles stay and compete: flavour `paper`.
///
/// Each round replaces every unfinished beam by its children and keeps the B best of all; it ends
/// when all are finished, and ranks by the total log-probability.
///
/// - Source: BEAR, SIGIR 2026, section 2.2.
public struct CompetingBeamSearch: DecoderSearch, Sendable {
  /// The candidates after the last round, finished titles included, best first.
  public private(set) var beams: [Beam<ItemTrie.Node>]
  /// The lowest score of the candidates after each round, nats; −∞ where none has a finite score.
  ///
  /// A prefix of t tokens with less than `thresholds[t - 1]` was dropped, or one of its own was. When
  /// the search is over the candidates stay, so the last value is also that of every later token.
  public private(set) var thresholds: [Float] = []
  private let trie: ItemTrie
  private let width: Int
  private let tokenLimit: Int

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - trie: what is searched.
  ///   - width: candidates kept; B.
  ///   - tokenLimit: the longest answer, EOS included.
  public init(in trie: ItemTrie, width: Int, tokenLimit: Int) {
    self.trie = trie
    self.width = width
    self.tokenLimit = tokenLimit
    beams = trie.titleCount == 0 ? [] : [Beam(ItemTrie.root, score: 0)]
  }

  public mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    if !scores.isEmpty { expand(scores) }
    guard thresholds.count < tokenLimit else { return [] }
    return beams.map(\.position).filter { trie.title(at: $0) == nil }
  }

  public var results: [ScoredTitle] {
    beams.compactMap { beam in
      trie.title(at: beam.position).map { ScoredTitle(title: $0, score: beam.score) }
    }
  }

  private mutating func expand(_ scores: [ChildScores]) {
    var best = BestBeams<ItemTrie.Node>(limit: width)
    var scores = scores[...]
    for beam in beams {
      if trie.title(at: beam.position) != nil {
        best.offer(beam.position, score: beam.score)
      } else if let own = scores.popFirst() {
        best.offerChildren(of: beam, scores: own, in: trie)
      }
    }
    beams = best.beams
    thresholds.append(beams.last?.score ?? -.infinity)
  }
}
