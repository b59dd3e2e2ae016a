/// Merges pairs of tokens, the pair of lowest rank first and the leftmost of several.
struct BytePairMerger: Sendable {
  /// What a pair becomes.
  struct Merge: Sendable {
    let rank: UInt32
    let token: Int32
  }

  private var merges: [UInt64: Merge] = [:]

  init(capacity: Int) { merges.reserveCapacity(capacity) }

  /// Adds a merge; false if the pair has one already.
  mutating func add(_ left: Int32, _ right: Int32, _ merge: Merge) -> Bool {
    merges.updateValue(merge, forKey: Self.key(left, right)) == nil
  }

  /// Memory that merging one piece after another does not take anew.
  struct Workspace {
    fileprivate var chain = Chain()
    fileprivate var queue = MinimumHeap()
  }

  /// Appends the tokens that `symbols` merge into.
  ///
  /// - Complexity: O(n log n): a title of a million letters must not take hours.
  func merge(_ symbols: [Int32], into result: inout [Int32], using space: inout Workspace) {
    guard symbols.count > 1 else {
      result.append(contentsOf: symbols)
      return
    }
    space.chain.start(symbols)
    for index in 0..<symbols.count - 1 { push(index, in: &space) }
    while let top = space.queue.popMinimum() {
      let index = Int(top & 0xFFFF_FFFF)
      // Either neighbour may have been merged since; then the rank is another one or none.
      guard let merge = merge(space.chain, at: index), UInt64(merge.rank) == top >> 32 else {
        continue
      }
      space.chain.mergeWithNext(index, into: merge.token)
      push(index, in: &space)
      let previous = space.chain.previous[index]
      if previous >= 0 { push(previous, in: &space) }
    }
    var index = 0
    while index >= 0 {
      result.append(space.chain.tokens[index])
      index = space.chain.next[index]
    }
  }

  private func push(_ index: Int, in space: inout Workspace) {
    guard let merge = merge(space.chain, at: index) else { return }
    space.queue.push(UInt64(merge.rank) << 32 | UInt64(index))
  }

  /// The merge of the symbol at `index` with the one after it.
  private func merge(_ chain: Chain, at index: Int) -> Merge? {
    let token = chain.tokens[index]
    guard token >= 0, chain.next[index] >= 0 else { return nil }
    return merges[Self.key(token, chain.tokens[chain.next[index]])]
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The symbols of a piece as a doubly linked list; -1 ends it, and marks what is merged away.
  fileprivate struct Chain {
    var tokens: [Int32] = []
    var next: [Int] = []
    var previous: [Int] = []

    mutating func start(_ symbols: [Int32]) {
      tokens.removeAll(keepingCapacity: true)
      next.removeAll(keepingCapacity: true)
      previous.removeAll(keepingCapacity: true)
      tokens.append(contentsOf: symbols)
      next.append(contentsOf: 1..<symbols.count)
      next.append(-1)
      previous.append(contentsOf: -1..<symbols.count - 1)
    }

    mutating func mergeWithNext(_ index: Int, into token: Int32) {
      let gone = next[index]
      tokens[index] = token
      tokens[gone] = -1
      next[index] = next[gone]
      if next[gone] >= 0 { previous[next[gone]] = index }
    }
  }
}

/// A binary heap of integers, smallest first.
struct MinimumHeap {
  private var items: [UInt64] = []

  mutating func push(_ item: UInt64) {
    var index = items.count
    items.append(item)
    while index > 0, items[(index - 1) / 2] > item {
      items[index] = items[(index - 1) / 2]
      index = (index - 1) / 2
    }
    items[index] = item
  }

  mutating func popMinimum() -> UInt64? {
    guard let minimum = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return minimum }
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < items.count else { break }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < last else { break }
      items[index] = items[child]
      index = child
    }
    items[index] = last
    return minimum
  }
}
