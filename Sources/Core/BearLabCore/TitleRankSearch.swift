/// A token of a title, and what competes with it.
public struct TitleStep: Sendable, Equatable {
  /// The trie node that the token leads to.
  public let node: ItemTrie.Node
  /// Of the token, nats.
  public let logProbability: Float
  /// How many tokens the trie allows there.
  public let choices: Int
  /// How many of them are more probable than the title's own.
  public let better: Int

  /// Takes the step to `node` from the scores of the node above.
  public init(_ node: ItemTrie.Node, scores: ChildScores, in trie: ItemTrie) {
    let own = scores.logProbabilities[node - trie.children(of: scores.node).lowerBound]
    self.node = node
    logProbability = own
    choices = scores.logProbabilities.count
    better = scores.logProbabilities.count { $0 > own }
  }
}

/// Finds the rank of one title by total log-probability, without scoring all titles.
///
///     rank = 1 + #{titles with S > S⁺}       S⁺: the title's own total
///
/// The title's path is scored first; then the prefixes with S > S⁺ are expanded: no title below another
/// one can be better. Which they are does not depend on the order; the deepest come first, so that a
/// limit is soon reached, where the best first would look at thousands of short ones before they had
/// found a title. Sums are in double precision; a tie favours the title.
///
/// - Source: section 7.6 of the method specification.
public struct TitleRankSearch: DecoderSearch, Sendable {
  /// The title's tokens, EOS included; there after the first round.
  public private(set) var steps: [TitleStep] = []
  /// S⁺, nats; there after the first round.
  public private(set) var total = 0.0
  /// How many prefixes were expanded beside the title's own.
  public private(set) var expansions = 0
  private let title: Int
  private let trie: ItemTrie
  private let limit: Int
  private let batch: Int
  private let expansionLimit: Int
  private var frontier: TrieFrontier
  private var asked: [TrieFrontier.Prefix] = []
  private var better = 0

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - title: whose rank is wanted.
  ///   - trie: what is searched.
  ///   - limit: the rank up to which it is wanted exactly.
  ///   - batch: prefixes expanded in a round: only time depends on it.
  ///   - expansionLimit: prefixes expanded at most.
  ///   - forcedTokensAreFree: as ``PathScorer/forcedTokensAreFree``.
  public init(
    of title: Int, in trie: ItemTrie, limit: Int = .max, batch: Int = 16,
    expansionLimit: Int = .max, forcedTokensAreFree: Bool
  ) {
    self.title = title
    self.trie = trie
    self.limit = limit
    self.batch = batch
    self.expansionLimit = expansionLimit
    frontier = TrieFrontier(
      in: trie, order: .deepest, forcedTokensAreFree: forcedTokensAreFree)
  }

  public mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    let path = trie.path(to: trie.leaf(of: title))
    guard !scores.isEmpty else { return [ItemTrie.root] + path.dropLast() }
    if steps.isEmpty {
      begin(path, scores)
    } else {
      for (prefix, own) in zip(asked, scores) { expand(prefix.node, prefix.total, own) }
    }
    asked =
      better >= limit
      ? [] : frontier.take(min(batch, expansionLimit - expansions), above: total)
    expansions += asked.count
    return asked.map(\.node)
  }

  /// 1 and the better titles that were found: the rank, or less where ``isExact`` is false.
  public var rank: Int { better + 1 }

  /// Whether all better titles were counted.
  public var isExact: Bool { !steps.isEmpty && asked.isEmpty && frontier.best <= total }

  /// The title itself.
  public var results: [ScoredTitle] { [ScoredTitle(title: title, score: Float(total))] }

  private mutating func begin(_ path: [ItemTrie.Node], _ scores: [ChildScores]) {
    steps = zip(path, scores).map { TitleStep($0, scores: $1, in: trie) }
    // Summed as the frontier sums, so that the title never exceeds itself.
    total = steps.reduce(0) { $0 + Double($1.logProbability) }
    var prefix = 0.0
    for (step, own) in zip(steps, scores) {
      expand(own.node, prefix, own, except: step.node)
      prefix += Double(step.logProbability)
    }
  }

  private mutating func expand(
    _ node: ItemTrie.Node, _ prefix: Double, _ scores: ChildScores,
    except left: ItemTrie.Node? = nil
  ) {
    better +=
      frontier.addChildren(of: node, total: prefix, scores: scores, above: total, except: left)
      .count
  }
}
