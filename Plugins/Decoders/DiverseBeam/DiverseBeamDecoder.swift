public import BearLabCore

/// Diverse beam search over the item trie.
///
/// The beams are split into groups, each a beam search of its own as `constrained-beam`, flavour
/// `hf`. At each step the groups go one after the other, and
///
///     score = S + s(v) − η · (how many beams of earlier groups continue with token v at this step)
///
/// Tokens are penalised whatever the prefixes before them, forced ones too. The groups' lists are
/// merged; a title that several found has its best score.
///
/// - Source: A. K. Vijayakumar et al., "Diverse Beam Search: Decoding Diverse Solutions from Neural
///   Sequence Models", 2016, with Hamming diversity; group beam search of transformers 4.49.0.
public struct DiverseBeamDecoder: TrieDecoder {
  private let width: Int  // B
  private let groups: Int  // G
  private let penalty: Float  // η
  private let penaltyPersists: Bool
  private let lengthPenalty: Double  // α
  private let tokenLimit: Int  // 0: the longest path

  public static let summary = "beam search over the item trie in groups that avoid each other"
  public static let citation =
    "A. K. Vijayakumar et al., \"Diverse Beam Search: Decoding Diverse Solutions from Neural "
    + "Sequence Models\", 2016"
  public static let parameters: [Parameter] = [
    .integer(
      "width", default: 10, in: 1...10_000, unit: "beams", "hypotheses kept, in all groups together"
    ),
    .integer("groups", default: 5, in: 1...10_000, "groups of beams; they divide the width"),
    .real(
      "penalty", default: 0.5, in: 0..., unit: "nats",
      "taken from a token's score for each beam of earlier groups that continues with it, eta"),
    .flag(
      "penalty-persists", default: true,
      "whether the penalty stays in a beam's score, or decides which beams are kept alone"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides the score; 1 in the official runs"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 128 in the official runs"),
  ]

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    groups = try values["groups"]
    penalty = Float(try values["penalty"] as Double)
    penaltyPersists = try values["penalty-persists"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
    guard width.isMultiple(of: groups) else {
      throw DiverseBeamError.groupsDoNotDivideTheWidth(width: width, groups: groups)
    }
  }

  public func makeSearch(in trie: ItemTrie) -> any DecoderSearch {
    // More beams than titles change nothing, and could not be doubled without overflow.
    let groupWidth = min(width / groups, max(trie.titleCount, 1))
    let group = PooledBeams(
      start: ItemTrie.root, width: groupWidth, lengthPenalty: lengthPenalty,
      tokenLimit: tokenLimit == 0 ? trie.maximumDepth : tokenLimit)
    return DiverseSearch(
      trie: trie, groups: [PooledBeams](repeating: group, count: groups), penalty: penalty,
      penaltyPersists: penaltyPersists)
  }
}

/// The groups of one prompt.
private struct DiverseSearch: DecoderSearch {
  /// A candidate with the score that it has without the penalty of this step.
  private struct Candidate: Sendable {
    let node: ItemTrie.Node
    let score: Float
  }

  private let trie: ItemTrie
  private var groups: [PooledBeams<ItemTrie.Node>]
  private let penalty: Float
  private let penaltyPersists: Bool

  init(
    trie: ItemTrie, groups: [PooledBeams<ItemTrie.Node>], penalty: Float, penaltyPersists: Bool
  ) {
    self.trie = trie
    self.groups = groups
    self.penalty = penalty
    self.penaltyPersists = penaltyPersists
  }

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    guard trie.titleCount > 0 else { return [] }
    if !scores.isEmpty { step(scores[...]) }
    return groups.flatMap { $0.beams.map(\.position) }
  }

  private mutating func step(_ scores: ArraySlice<ChildScores>) {
    var scores = scores
    var chosen: [Int32: Int] = [:]
    for index in groups.indices where !groups[index].beams.isEmpty {
      let own = scores.prefix(groups[index].beams.count)
      scores = scores.dropFirst(own.count)
      let candidates = ranked(groups[index], own, avoiding: chosen)
      groups[index].advance(ranked: candidates) { trie.title(at: $0) != nil }
      for beam in groups[index].beams { chosen[trie.token(of: beam.position), default: 0] += 1 }
    }
  }

  /// A group's candidates in the order of their penalised scores.
  private func ranked(
    _ group: PooledBeams<ItemTrie.Node>, _ scores: ArraySlice<ChildScores>,
    avoiding chosen: [Int32: Int]
  ) -> [Beam<ItemTrie.Node>] {
    var best = BestBeams<Candidate>(limit: group.candidateLimit)
    for (beam, own) in zip(group.beams, scores) {
      for (child, logProbability) in zip(trie.children(of: own.node), own.logProbabilities) {
        let score = beam.score + logProbability
        let count = chosen[trie.token(of: child)] ?? 0
        best.offer(
          Candidate(node: child, score: score), score: score - penalty * Float(count))
      }
    }
    return best.beams.map { candidate in
      Beam(
        candidate.position.node,
        score: penaltyPersists ? candidate.score : candidate.position.score)
    }
  }

  /// The lists of all groups, of equal scores the earlier group's first.
  var results: [ScoredTitle] {
    let all = groups.flatMap(\.found).compactMap { node, score in
      trie.title(at: node).map { ScoredTitle(title: $0, score: score) }
    }
    var known: Set<Int> = []
    return all.enumerated()
      .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
      .map(\.element).filter { known.insert($0.title).inserted }
  }
}

/// What can be wrong with the decoder's parameters.
public enum DiverseBeamError: BearLabError, Equatable {
  case groupsDoNotDivideTheWidth(width: Int, groups: Int)

  public var description: String {
    switch self {
    case .groupsDoNotDivideTheWidth(let width, let groups):
      "decoder diverse-beam: width=\(width) beams cannot be split into groups=\(groups)"
    }
  }

  public var remedy: String {
    switch self {
    case .groupsDoNotDivideTheWidth: "set a width that is a multiple of groups"
    }
  }
}

/// Registers the decoder `diverse-beam`.
public enum DiverseBeamModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "diverse-beam", DiverseBeamDecoder.self)
  }
}
