public import BearLabCore

/// Walks the item trie along the most probable child.
///
///     node ← argmax_{v ∈ C(node)} s(v)    until a title ends; of equal ones the lower token
///
/// Finds one title, the same whether the constraint comes before or after the soft-max: the order of
/// a node's children does not depend on it. As `constrained-beam` of width 1 in its flavour `paper`.
///
/// - Source: the inference of LLaRA and A-LLMRec; there without the constraint.
public struct GreedyDecoder: TrieDecoder {
  private let tokenLimit: Int  // 0: the longest path

  public static let summary = "the most probable child at every node of the item trie"
  public static let citation = "greedy search; the inference of LLaRA and A-LLMRec"
  public static let parameters: [Parameter] = [
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 128 in the official runs")
  ]

  public init(_ values: ParameterValues) throws {
    tokenLimit = try values["max-tokens"]
  }

  public func makeSearch(in trie: ItemTrie) -> any DecoderSearch {
    GreedySearch(trie: trie, tokensLeft: tokenLimit == 0 ? trie.maximumDepth : tokenLimit)
  }
}

private struct GreedySearch: DecoderSearch {
  let trie: ItemTrie
  var tokensLeft: Int
  private var node = ItemTrie.root
  private var score: Float = 0

  init(trie: ItemTrie, tokensLeft: Int) {
    self.trie = trie
    self.tokensLeft = tokensLeft
  }

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    if let children = scores.first?.logProbabilities {
      guard let best = children.max(), best > -.infinity,
        let place = children.firstIndex(of: best)
      else { return [] }
      node = trie.children(of: node).lowerBound + place
      score += best
      tokensLeft -= 1
    }
    return tokensLeft > 0 && !trie.children(of: node).isEmpty ? [node] : []
  }

  var results: [ScoredTitle] {
    trie.title(at: node).map { [ScoredTitle(title: $0, score: score)] } ?? []
  }
}

/// Registers the decoder `greedy`.
public enum GreedyModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "greedy", GreedyDecoder.self)
  }
}
