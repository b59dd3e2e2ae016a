internal import BearLabCore

/// Beam search in which finished titles stay and compete: flavour `paper`.
///
/// Each round replaces every unfinished beam by its children and keeps the B best of all; it ends
/// when all are finished, and ranks by the total log-probability.
struct CompetingBeamSearch: DecoderSearch {
  private var beams: [Beam<ItemTrie.Node>]
  private let trie: ItemTrie
  private let width: Int
  private let tokenLimit: Int
  private var length = 0  // tokens of the unfinished beams

  init(in trie: ItemTrie, width: Int, tokenLimit: Int) {
    self.trie = trie
    self.width = width
    self.tokenLimit = tokenLimit
    beams = trie.titleCount == 0 ? [] : [Beam(ItemTrie.root, score: 0)]
  }

  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    if !scores.isEmpty { expand(scores) }
    guard length < tokenLimit else { return [] }
    return beams.map(\.position).filter { trie.title(at: $0) == nil }
  }

  var results: [ScoredTitle] {
    beams.compactMap { beam in
      trie.title(at: beam.position).map { ScoredTitle(title: $0, score: beam.score) }
    }
  }

  private mutating func expand(_ scores: [ChildScores]) {
    var best = BestBeams<ItemTrie.Node>(limit: width)
    var scores = scores[...]
    for beam in beams {
      if trie.title(at: beam.position) != nil {
        best.offer(beam.position, score: beam.score)
      } else if let own = scores.popFirst() {
        best.offerChildren(of: beam, scores: own, in: trie)
      }
    }
    beams = best.beams
    length += 1
  }
}
