extension ItemTrie {
  /// The number of tokens on the way to `node`; 0 at the root.
  ///
  /// - Complexity: O(depth).
  public func depth(of node: Node) -> Int {
    var (depth, node) = (0, node)
    while let above = parent(of: node) { (depth, node) = (depth + 1, above) }
    return depth
  }

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
