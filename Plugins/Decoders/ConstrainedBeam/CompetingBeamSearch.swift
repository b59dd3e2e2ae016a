internal import BearLabCore

/// Beam search in which finished titles stay and compete: flavour `paper`.
///
/// Each round replaces every unfinished beam by its children and keeps the B best of all; it ends
/// when all are finished, and ranks by the total log-probability.
struct CompetingBeamSearch: DecoderSearch {
  private(set) var beams: [Beam]
  private let trie: ItemTrie
  private let width: Int
  private let tokenLimit: Int
  private var length = 0  // tokens of the unfinished beams
  private var hasStarted = false

  init(in trie: ItemTrie, width: Int, tokenLimit: Int) {
    self.trie = trie
    self.width = width
    self.tokenLimit = tokenLimit
    beams = trie.titleCount == 0 ? [] : [Beam(node: ItemTrie.root, score: 0)]
  }

  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node] {
    if hasStarted { try expand(scores) }
    hasStarted = true
    return length < tokenLimit ? unfinished : []
  }

  var results: [ScoredTitle] {
    beams.compactMap { beam in
      trie.title(at: beam.node).map { ScoredTitle(title: $0, score: beam.score) }
    }
  }

  private var unfinished: [ItemTrie.Node] {
    beams.map(\.node).filter { trie.title(at: $0) == nil }
  }

  private mutating func expand(_ scores: [ChildScores]) throws(ConstrainedBeamError) {
    try scores.checkNodes(unfinished)
    var best = BestBeams(limit: width)
    var scores = scores[...]
    for beam in beams {
      if trie.title(at: beam.node) != nil {
        best.offer(beam)
      } else if let own = scores.popFirst() {
        try best.offerChildren(of: beam, scores: own, in: trie)
      }
    }
    beams = best.beams
    length += 1
  }
}
