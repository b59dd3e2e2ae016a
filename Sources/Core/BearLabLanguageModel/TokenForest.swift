internal import BearLabNN

/// Tokens that share prefixes: nodes with a parent each, in the order in which they came.
///
/// A node attends to its ancestors and itself; its position is its depth. Nodes are equal when
/// parent, token and injected vector are, and are then one node.
public struct TokenForest: Sendable {
  /// One token of a path.
  public struct Element: Sendable, Hashable {
    /// The token; what stands at a slot is not read.
    public let token: Int32
    /// Which vector is injected here, or nil.
    ///
    /// The number stands for the vector's meaning (an item), so it is the same in every batch.
    public let slot: Int?

    /// A token, or a slot with the token that holds its place.
    public init(token: Int32, slot: Int? = nil) {
      self.token = token
      self.slot = slot
    }
  }

  private struct Edge: Hashable {
    let parent: Int32
    let element: Element
  }

  /// `[nodes]`: the token and slot of each node.
  public private(set) var elements: [Element] = []
  /// `[nodes]`: the node above, -1 at a root.
  public private(set) var parents: [Int32] = []
  /// `[nodes]`: the depth, from 0.
  public private(set) var positions: [Int32] = []
  /// `[nodes]`: a hash of the path from the root: what dropout masks depend on.
  private(set) var pathKeys: [UInt64] = []
  /// `[nodes]`: the first node of the run of consecutive nodes that a node is in.
  private var runStarts: [Int32] = []
  private var nodes: [Edge: Int32] = [:]

  /// A forest without nodes.
  public init() {}

  /// The number of nodes.
  public var count: Int { elements.count }

  /// The node of an element below another node, or below none; made when it is not there.
  public mutating func insert(_ element: Element, below parent: Int?) -> Int {
    let edge = Edge(parent: Int32(parent ?? -1), element: element)
    if let known = nodes[edge] { return Int(known) }
    let node = count
    nodes[edge] = Int32(node)
    elements.append(element)
    parents.append(edge.parent)
    positions.append(parent.map { positions[$0] + 1 } ?? 0)
    // A slot is told from a token by the upper half of the word.
    let word =
      element.slot.map { CounterGenerator.mix(1, UInt64($0)) | 1 << 63 }
      ?? UInt64(UInt32(bitPattern: element.token))
    pathKeys.append(CounterGenerator.mix(parent.map { pathKeys[$0] } ?? 0, word))
    let continuesRun = parent == node - 1 && node > 0
    runStarts.append(continuesRun ? runStarts[node - 1] : Int32(node))
    return node
  }

  /// The nodes of a path below another node, or from a root.
  public mutating func insert(_ path: some Sequence<Element>, below parent: Int? = nil) -> [Int] {
    var current = parent
    return path.map { element in
      let node = insert(element, below: current)
      current = node
      return node
    }
  }

  /// The nodes of a path of plain tokens.
  public mutating func insert(tokens: some Sequence<Int32>, below parent: Int? = nil) -> [Int] {
    insert(tokens.lazy.map { Element(token: $0) }, below: parent)
  }

  /// Forgets all nodes from `count` on.
  public mutating func truncate(to count: Int) {
    for node in count..<self.count {
      nodes[Edge(parent: parents[node], element: elements[node])] = nil
    }
    let extra = self.count - count
    elements.removeLast(extra)
    parents.removeLast(extra)
    positions.removeLast(extra)
    pathKeys.removeLast(extra)
    runStarts.removeLast(extra)
  }

  /// Runs of consecutive nodes from `first` on, each with the runs of nodes above it.
  func chains(from first: Int) -> [(nodes: Range<Int>, ancestors: [Range<Int>])] {
    var chains: [(nodes: Range<Int>, ancestors: [Range<Int>])] = []
    var start = first
    while start < count {
      var end = start + 1
      while end < count, runStarts[end] == runStarts[start] { end += 1 }
      chains.append((start..<end, ancestors(of: start)))
      start = end
    }
    return chains
  }

  /// The runs of consecutive nodes above a node, from the root down.
  private func ancestors(of node: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var current = Int(parents[node])
    while current >= 0 {
      let start = Int(runStarts[current])
      ranges.append(start..<current + 1)
      current = Int(parents[start])
    }
    return ranges.reversed()
  }
}
