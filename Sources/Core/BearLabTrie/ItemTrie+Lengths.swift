extension ItemTrie {
  /// Sums values over the titles below each node.
  ///
  /// - Parameter values: `[titles]`.
  /// - Returns: `[nodes]`; at a leaf its title's own value.
  /// - Complexity: O(nodes).
  public func sums(overTitles values: [Double]) -> [Double] {
    precondition(values.count == titleCount, "\(values.count) values of \(titleCount) titles")
    var sums = [Double](repeating: 0, count: nodeCount)
    for title in values.indices { sums[leaf(of: title)] = values[title] }
    // A node's number is larger than that of the one above.
    for node in sums.indices.reversed() {
      if let above = parent(of: node) { sums[above] += sums[node] }
    }
    return sums
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
