internal import BearLabCore

extension InformationGain {
  /// The weights of the tokens that lead to each node.
  ///
  ///     w = 1 − a · (IG − min) / (max − min + 1e-7)      min, max: over the children of one node
  ///
  /// - Parameters:
  ///   - strength: a.
  ///   - trie: whose nodes the gains are of.
  /// - Returns: `[nodes]`, from 1 − a to 1; an only child has 1, and what cannot be reached NaN.
  func decodingWeights(strength: Double, in trie: ItemTrie) -> [Float] {
    var weights = [Float](repeating: .nan, count: trie.nodeCount)
    weights[ItemTrie.root] = 1
    for node in 0..<trie.nodeCount {
      let children = trie.children(of: node).filter(isReachable)
      let gains = children.map(gain)
      guard let least = gains.min(), let most = gains.max() else { continue }
      for (child, gain) in zip(children, gains) {
        weights[child] = Float(1 - strength * (gain - least) / (most - least + 1e-7))
      }
    }
    return weights
  }
}
