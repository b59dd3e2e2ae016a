#if canImport(Glibc)
internal import Glibc
#endif

/// The prefixes of titles that a search may still expand.
///
/// A prefix has as its key the most that a title below it can have: its total log-probability S, or
/// S / Lmax^α, Lmax the tokens of the longest title below it.
struct TrieFrontier: Sendable {
  /// Which prefixes are taken first.
  enum Order: Sendable {
    /// Those with the highest key.
    case best
    /// The longest, and of these those with the highest key: some titles are found soon.
    case deepest
  }

  /// A place inside the trie, not at a leaf.
  struct Prefix: Sendable {
    let node: ItemTrie.Node
    /// Sum of the log-probabilities on the way to it, nats.
    let total: Double
    let key: Double
    /// Tokens, where the order looks at them.
    let depth: Int
  }

  /// A title at the end of its path.
  struct Ending: Sendable {
    let title: Int
    let key: Double
  }

  private let trie: ItemTrie
  private let order: Order
  private let forcedTokensAreFree: Bool
  private let lengthPenalty: Double  // α
  private let longestTitles: [Int]  // empty without a penalty
  private var prefixes: [Prefix] = []

  init(
    in trie: ItemTrie, order: Order = .best, lengthPenalty: Double = 0, forcedTokensAreFree: Bool
  ) {
    self.trie = trie
    self.order = order
    self.lengthPenalty = lengthPenalty
    self.forcedTokensAreFree = forcedTokensAreFree
    longestTitles = lengthPenalty == 0 ? [] : trie.longestTitles
  }

  /// The key of the best prefix; −∞ where there is none.
  var best: Double { prefixes.lazy.map(\.key).max() ?? -.infinity }

  /// Adds what a node leads to, without ways whose key is not above `bound`.
  ///
  /// - Returns: the titles among it.
  mutating func add(
    _ node: ItemTrie.Node, total: Double, above bound: Double
  ) -> Ending? {
    var node = node
    while forcedTokensAreFree, trie.children(of: node).count == 1 {
      node = trie.children(of: node).lowerBound
    }
    let key = self.key(of: node, total: total)
    guard key > bound else { return nil }
    if let title = trie.title(at: node) { return Ending(title: title, key: key) }
    // An empty catalogue's root leads nowhere.
    guard !trie.children(of: node).isEmpty else { return nil }
    let depth = order == .deepest ? trie.depth(of: node) : 0
    prefixes.append(Prefix(node: node, total: total, key: key, depth: depth))
    return nil
  }

  /// Adds the children of a prefix, but for one.
  ///
  /// - Returns: the titles among them.
  mutating func addChildren(
    of node: ItemTrie.Node, total: Double, scores: ChildScores, above bound: Double,
    except left: ItemTrie.Node? = nil
  ) -> [Ending] {
    zip(trie.children(of: node), scores.logProbabilities).compactMap { child, logProbability in
      child == left
        ? nil : add(child, total: total + Double(logProbability), above: bound)
    }
  }

  /// Removes the first prefixes of the order whose keys are above `bound`, at most `count`.
  ///
  /// A bound that rises needs the order by keys: prefixes at or below it hide those behind them.
  mutating func take(_ count: Int, above bound: Double) -> [Prefix] {
    // All but those added since are a sorted run: nearly as cheap as a heap.
    prefixes.sort { ($0.depth, $0.key) < ($1.depth, $1.key) }
    let taken = prefixes.suffix(count).reversed().prefix { $0.key > bound }
    prefixes.removeLast(taken.count)
    return Array(taken)
  }

  private func key(of node: ItemTrie.Node, total: Double) -> Double {
    lengthPenalty == 0 ? total : total / pow(Double(longestTitles[node]), lengthPenalty)
  }
}
