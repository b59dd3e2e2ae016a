public import BearLabCore

/// Beam search over the item trie.
///
///     score = Σ log p of the title's tokens; at each depth the best `width` beginnings stay
public struct TemplateDecoder: TrieDecoder {
  public static let summary = "the best beginnings at every depth of the item trie"
  public static let parameters: [Parameter] = [
    .integer("width", default: 10, in: 1..., unit: "beams", "beginnings that stay")
  ]
  private let width: Int

  public init(_ values: ParameterValues) throws { width = try values["width"] }

  public func makeSearch(in trie: ItemTrie) -> any DecoderSearch {
    TemplateSearch(trie: trie, width: width)
  }
}

/// The search behind one prompt: names trie nodes, and is given the scores of their children.
private struct TemplateSearch: DecoderSearch {
  let trie: ItemTrie
  let width: Int
  private var beams: [(node: ItemTrie.Node, score: Float)] = []
  private var found: [ScoredTitle] = []

  init(trie: ItemTrie, width: Int) {
    self.trie = trie
    self.width = width
  }

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    guard !scores.isEmpty else {
      beams = [(ItemTrie.root, 0)]
      return [ItemTrie.root]
    }
    let children = zip(beams, scores).flatMap { beam, scores in
      zip(trie.children(of: beam.node), scores.logProbabilities).map { node, logProbability in
        (node: node, score: beam.score + logProbability)
      }
    }
    // Of equal ones the lower node: the order of users and threads must not show.
    let best = children.sorted { ($1.score, $0.node) < ($0.score, $1.node) }.prefix(width)
    beams = []
    for beam in best {
      if let title = trie.title(at: beam.node) {
        found.append(ScoredTitle(title: title, score: beam.score))
      } else {
        beams.append(beam)
      }
    }
    return beams.map(\.node)
  }

  var results: [ScoredTitle] {
    Array(found.sorted { ($1.score, $0.title) < ($0.score, $1.title) }.prefix(width))
  }
}

/// Registers the decoder `template`.
public enum TemplateDecoderModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "template", TemplateDecoder.self)
  }
}
