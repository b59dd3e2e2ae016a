public import BearLabErrors

/// The tokens of all answers, as a trie in compressed sparse rows.
///
/// A path from the root to a leaf is the token sequence of one title, EOS included. Nodes are
/// numbered breadth first with children in ascending order of token, so the children of a node are
/// consecutive nodes. Items that share a title share its leaf.
///
/// - Source: section 2.1 of the BEAR code's prompt and trie; memory is 16 bytes a node.
public struct ItemTrie: Sendable, Equatable {
  /// A node's number; the root is 0.
  public typealias Node = Int

  /// The node above every title.
  public static let root: Node = 0

  /// `[nodes + 1]`: the children of node n are `firstChild[n]..<firstChild[n + 1]`.
  private let firstChild: [Int32]
  /// `[nodes]`: the token that leads into a node; -1 at the root.
  private let tokens: [Int32]
  /// `[nodes]`: the node above; -1 at the root.
  private let parents: [Int32]
  /// `[nodes]`: the title that ends at a node, or -1.
  private let titles: [Int32]
  /// `[titles]`: where each title ends.
  private let leaves: [Int32]
  /// The longest path, in tokens, EOS included.
  public let maximumDepth: Int

  /// Builds the trie.
  ///
  /// - Parameter paths: the tokens of each title, EOS included; titles are numbered in this order.
  /// - Throws: ``TrieError`` for an empty path, two titles with one path, or a path that ends
  ///   inside another one, which no search could tell apart.
  /// - Complexity: O(t log n) for t tokens in n titles.
  public init(paths: [[Int32]]) throws(TrieError) {
    for (title, path) in paths.enumerated() where path.isEmpty {
      throw .emptyPath(title: title)
    }
    let order = paths.indices.sorted { paths[$0].lexicographicallyPrecedes(paths[$1]) }
    var firstChild: [Int32] = []
    var tokens: [Int32] = [-1]
    var parents: [Int32] = [-1]
    var titles: [Int32] = [-1]
    var leaves = [Int32](repeating: -1, count: paths.count)
    // A node's titles are a range of `order`, since the paths are sorted.
    var level: [Range<Int>] = [order.indices]
    var depth = 0
    while !level.isEmpty {
      var next: [Range<Int>] = []
      for range in level {
        let node = Int32(firstChild.count)
        firstChild.append(Int32(tokens.count))
        var start = range.lowerBound
        if start < range.upperBound, paths[order[start]].count == depth {
          let title = order[start]
          guard range.count == 1 else {
            let other = order[start + 1]
            if paths[other].count == depth { throw .samePath(first: title, second: other) }
            throw .pathInsidePath(short: title, long: other)
          }
          titles[Int(node)] = Int32(title)
          leaves[title] = node
          start += 1
        }
        while start < range.upperBound {
          let token = paths[order[start]][depth]
          var end = start + 1
          while end < range.upperBound, paths[order[end]][depth] == token { end += 1 }
          tokens.append(token)
          parents.append(node)
          titles.append(-1)
          next.append(start..<end)
          start = end
        }
      }
      level = next
      depth += 1
    }
    firstChild.append(Int32(tokens.count))
    self.firstChild = firstChild
    self.tokens = tokens
    self.parents = parents
    self.titles = titles
    self.leaves = leaves
    maximumDepth = depth - 1
  }

  /// The number of nodes, root and leaves included.
  public var nodeCount: Int { tokens.count }

  /// The number of titles, which is the number of leaves.
  public var titleCount: Int { leaves.count }

  /// The children of `node`, in ascending order of token.
  public func children(of node: Node) -> Range<Node> {
    Int(firstChild[node])..<Int(firstChild[node + 1])
  }

  /// The token that leads into `node`; -1 at the root.
  public func token(of node: Node) -> Int32 { tokens[node] }

  /// The tokens of all children of `node`, ascending.
  public func childTokens(of node: Node) -> ArraySlice<Int32> { tokens[children(of: node)] }

  /// The node above, or nil at the root.
  public func parent(of node: Node) -> Node? { node == Self.root ? nil : Int(parents[node]) }

  /// The title that ends at `node`, or nil inside the trie.
  public func title(at node: Node) -> Int? { titles[node] < 0 ? nil : Int(titles[node]) }

  /// The node at which a title ends.
  public func leaf(of title: Int) -> Node { Int(leaves[title]) }

  /// The child of `node` along `token`, or nil where the trie has none.
  ///
  /// - Complexity: O(log children).
  public func child(of node: Node, along token: Int32) -> Node? {
    var range = children(of: node)
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if tokens[middle] == token { return middle }
      range =
        tokens[middle] < token
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return nil
  }

  /// The nodes from the first token to `node`, the root left out.
  public func path(to node: Node) -> [Node] {
    var path: [Node] = []
    var current = node
    while let above = parent(of: current) {
      path.append(current)
      current = above
    }
    return path.reversed()
  }

  /// The tokens from the root to `node`.
  public func tokens(to node: Node) -> [Int32] { path(to: node).map { tokens[$0] } }

  /// The tokens of a title, EOS included.
  public func tokens(of title: Int) -> [Int32] { tokens(to: leaf(of: title)) }

  /// The node at the end of some tokens, or nil where the trie has no such path.
  public func node(along path: some Sequence<Int32>) -> Node? {
    var node = Self.root
    for token in path {
      guard let next = child(of: node, along: token) else { return nil }
      node = next
    }
    return node
  }

  /// The token that ends every path (EOS); nil where they end differently, or there are none.
  ///
  /// - Complexity: O(titles).
  public var endToken: Int32? {
    guard let first = leaves.first else { return nil }
    let token = tokens[Int(first)]
    return leaves.allSatisfy { tokens[Int($0)] == token } ? token : nil
  }
}

/// Why no trie can be built from some titles.
public enum TrieError: BearLabError, Equatable {
  case emptyPath(title: Int)
  case samePath(first: Int, second: Int)
  case pathInsidePath(short: Int, long: Int)

  public var description: String {
    switch self {
    case .emptyPath(let title): "title \(title) has no tokens"
    case .samePath(let first, let second): "titles \(first) and \(second) have the same tokens"
    case .pathInsidePath(let short, let long):
      "the tokens of title \(short) are the beginning of those of title \(long)"
    }
  }

  public var remedy: String {
    switch self {
    case .emptyPath: "end every path with EOS"
    case .samePath: "merge items of one title before building, or use another tokenizer"
    case .pathInsidePath: "let every path end with EOS, and no title contain it"
    }
  }
}
