internal import BearLabCore

extension BestBeams<ItemTrie.Node> {
  /// Offers every child of `beam`.
  mutating func offerChildren(of beam: Beam<ItemTrie.Node>, scores: ChildScores, in trie: ItemTrie)
  {
    let first = trie.children(of: beam.position).lowerBound
    offer(scores.logProbabilities, from: beam.score) { first + $0 }
  }
}
