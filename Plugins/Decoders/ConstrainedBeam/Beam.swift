internal import BearLabCore

/// A prefix of titles, or a whole one, with its score.
struct Beam: Equatable {
  let node: ItemTrie.Node
  /// Sum of the log-probabilities of its tokens, nats.
  let score: Float
}

/// The best beams of those offered, best first; of equal ones the first offered comes first.
///
/// Beams are offered in the order of their parents and then of their tokens, which makes that the
/// order in which ties are meant to be.
///
/// - Complexity: O(log limit) for a beam that is not among the best, O(limit) for another.
struct BestBeams {
  private(set) var beams: [Beam] = []
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  /// Takes a beam if it is among the best so far; never one without a finite score.
  mutating func offer(_ beam: Beam) {
    guard beam.score > -.infinity else { return }
    if let last = beams.last, beams.count == limit {
      guard beam.score > last.score else { return }
      beams.removeLast()
    }
    var range = beams.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range =
        beams[middle].score >= beam.score
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    beams.insert(beam, at: range.lowerBound)
  }

  /// Offers every child of `beam`.
  ///
  /// - Throws: ``ConstrainedBeamError`` for scores that do not fit the trie or are not numbers.
  mutating func offerChildren(
    of beam: Beam, scores: ChildScores, in trie: ItemTrie
  ) throws(ConstrainedBeamError) {
    let children = trie.children(of: beam.node)
    guard scores.logProbabilities.count == children.count else {
      throw .wrongScoreCount(
        node: beam.node, count: scores.logProbabilities.count, children: children.count)
    }
    for (child, logProbability) in zip(children, scores.logProbabilities) {
      if logProbability.isNaN { throw .notANumber(node: beam.node) }
      offer(Beam(node: child, score: beam.score + logProbability))
    }
  }
}

extension [ChildScores] {
  /// Checks that these are the scores of some nodes.
  ///
  /// - Throws: ``ConstrainedBeamError/wrongNodes(requested:scored:)``.
  func checkNodes(_ requested: [ItemTrie.Node]) throws(ConstrainedBeamError) {
    guard map(\.node) == requested else {
      throw .wrongNodes(requested: requested, scored: map(\.node))
    }
  }
}
