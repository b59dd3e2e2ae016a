internal import BearLabCore

extension BestBeams<ItemTrie.Node> {
  /// Offers every child of `beam`.
  mutating func offerChildren(of beam: Beam<ItemTrie.Node>, scores: ChildScores, in trie: ItemTrie)
  {
    for (child, logProbability) in zip(trie.children(of: beam.position), scores.logProbabilities) {
      offer(child, score: beam.score + logProbability)
    }
  }
}
