extension ItemTrie {
  /// The tokens of the longest title below each node, EOS included, `[nodes]`.
  ///
  /// - Complexity: O(nodes).
  public var longestTitles: [Int] {
    var lengths = [Int](repeating: 0, count: nodeCount)
    for node in lengths.indices.dropFirst() {
      lengths[node] = lengths[parent(of: node) ?? Self.root] + 1
    }
    for node in lengths.indices.reversed() {
      if let above = parent(of: node) { lengths[above] = max(lengths[above], lengths[node]) }
    }
    return lengths
  }
}
