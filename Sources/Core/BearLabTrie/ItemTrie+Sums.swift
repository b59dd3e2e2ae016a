extension ItemTrie {
  /// The sum, at each node, of the values of all titles that end there or below.
  ///
  /// - Parameter values: `[titles]`, such as how often each is a training target.
  /// - Returns: `[nodes]`.
  public func sums<Value: AdditiveArithmetic>(ofTitles values: [Value]) -> [Value] {
    precondition(values.count == titleCount, "\(values.count) values of \(titleCount) titles")
    var sums = [Value](repeating: .zero, count: nodeCount)
    for (title, value) in values.enumerated() { sums[leaf(of: title)] = value }
    // Nodes are numbered breadth first: a node comes before those below it.
    for node in sums.indices.reversed() {
      if let above = parent(of: node) { sums[above] += sums[node] }
    }
    return sums
  }

  /// `[tokens]`: the node that each of some tokens leads into; nil from where the trie has no such
  /// path.
  public func nodes(along tokens: some Sequence<Int32>) -> [Node?] {
    var node: Node? = Self.root
    return tokens.map { token in
      node = node.flatMap { child(of: $0, along: token) }
      return node
    }
  }
}
