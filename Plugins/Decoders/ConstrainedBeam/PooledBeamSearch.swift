internal import BearLabCore
#if canImport(Glibc)
internal import Glibc
#endif

/// Beam search in which finished titles leave the beam for a pool: flavour `hf`.
///
/// Each round ranks the 2B best children of all beams, so that B unfinished ones remain whatever
/// finishes. A title that finishes among the first B enters the pool; the search ends when no beam
/// can beat the worst of a full pool.
struct PooledBeamSearch: DecoderSearch {
  private(set) var beams: [Beam]
  private(set) var pool: FinishedPool
  private let trie: ItemTrie
  private let width: Int
  private let lengthPenalty: Double
  private let tokenLimit: Int
  private var length = 0  // tokens of a beam
  private var hasStarted = false

  init(in trie: ItemTrie, width: Int, lengthPenalty: Double, tokenLimit: Int) {
    self.trie = trie
    self.width = width
    self.lengthPenalty = lengthPenalty
    self.tokenLimit = tokenLimit
    pool = FinishedPool(capacity: width)
    beams = trie.titleCount == 0 ? [] : [Beam(node: ItemTrie.root, score: 0)]
  }

  mutating func advance(_ scores: [ChildScores]) throws -> [ItemTrie.Node] {
    if hasStarted { try expand(scores) }
    hasStarted = true
    return beams.map(\.node)
  }

  var results: [ScoredTitle] {
    pool.entries.compactMap { entry in
      entry.title.map { ScoredTitle(title: $0, score: Float(entry.score)) }
    }
  }

  private mutating func expand(_ scores: [ChildScores]) throws(ConstrainedBeamError) {
    try scores.checkNodes(beams.map(\.node))
    var best = BestBeams(limit: 2 * width)
    for (beam, own) in zip(beams, scores) {
      try best.offerChildren(of: beam, scores: own, in: trie)
    }
    length += 1
    beams = keepUnfinished(of: best.beams)
    if let first = best.beams.first, pool.isFull, pool.worst >= normalised(first.score) {
      beams = []
    } else if length == tokenLimit {
      // As in the library, what is unfinished competes for the pool, though it is no result.
      for beam in beams { pool.offer(title: nil, score: normalised(beam.score)) }
      beams = []
    }
  }

  /// Moves finished titles to the pool and returns the other beams, at most B.
  private mutating func keepUnfinished(of ranked: [Beam]) -> [Beam] {
    var kept: [Beam] = []
    for (rank, beam) in ranked.enumerated() where kept.count < width {
      if let title = trie.title(at: beam.node) {
        if rank < width { pool.offer(title: title, score: normalised(beam.score)) }
      } else {
        kept.append(beam)
      }
    }
    return kept
  }

  /// The score over the power of the length, in double precision as the library's pool has it.
  private func normalised(_ score: Float) -> Double {
    Double(score) / pow(Double(length), lengthPenalty)
  }
}

/// The best finished hypotheses, best first; of equal ones the later comes first.
struct FinishedPool {
  private(set) var entries: [Entry] = []
  private let capacity: Int

  /// A hypothesis; without a title where the token limit cut it.
  struct Entry {
    let title: Int?
    let score: Double
  }

  init(capacity: Int) {
    self.capacity = capacity
  }

  var isFull: Bool { entries.count == capacity }

  /// The lowest score; infinite where there is none.
  var worst: Double { entries.last?.score ?? .infinity }

  /// Takes a hypothesis where there is room or it is strictly better than the worst.
  mutating func offer(title: Int?, score: Double) {
    if isFull {
      guard score > worst else { return }
      entries.removeLast()
    }
    let place = entries.firstIndex { $0.score <= score } ?? entries.endIndex
    entries.insert(Entry(title: title, score: score), at: place)
  }
}
