/// Beam search over the item trie in which finished titles leave the beam for a pool: flavour `hf`.
///
/// The arithmetic is that of ``PooledBeams``. What the token limit cuts takes places in the pool, but
/// is no result.
public struct PooledBeamSearch: DecoderSearch, Sendable {
  /// The beams and the pool.
  public private(set) var state: PooledBeams<ItemTrie.Node>
  private let trie: ItemTrie

  /// Prepares a search; the parameters are those of ``PooledBeams``.
  public init(in trie: ItemTrie, width: Int, lengthPenalty: Double, tokenLimit: Int) {
    self.trie = trie
    state = PooledBeams(
      start: ItemTrie.root, width: width, lengthPenalty: lengthPenalty, tokenLimit: tokenLimit)
  }

  public mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    // An empty catalogue has no nodes worth asking for.
    guard trie.titleCount > 0 else { return [] }
    if !scores.isEmpty {
      var candidates = state.noCandidates
      for (beam, own) in zip(state.beams, scores) {
        candidates.offerChildren(of: beam, scores: own, in: trie)
      }
      state.advance(candidates) { trie.title(at: $0) != nil }
    }
    return state.beams.map(\.position)
  }

  public var results: [ScoredTitle] {
    state.found.compactMap { node, score in
      trie.title(at: node).map { ScoredTitle(title: $0, score: score) }
    }
  }
}
