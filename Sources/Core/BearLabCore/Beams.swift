#if canImport(Glibc)
internal import Glibc
#endif

/// A hypothesis of a beam search: an answer or the beginning of one, with its score.
public struct Beam<Position: Sendable>: Sendable {
  /// Where it ends: a trie node, or the tokens written.
  public let position: Position
  /// Sum of the log-probabilities of its tokens, nats.
  public let score: Float

  /// Creates a beam.
  public init(_ position: Position, score: Float) {
    self.position = position
    self.score = score
  }
}

extension Beam: Equatable where Position: Equatable {}

/// The best beams of those offered, best first; of equal ones the first offered comes first.
///
/// Where beams are offered in the order of their parents and then of their tokens, that makes ties go
/// to the better parent and the lower token.
public struct BestBeams<Position: Sendable>: Sendable {
  public private(set) var beams: [Beam<Position>] = []
  private let limit: Int

  /// Keeps at most `limit` beams.
  public init(limit: Int) {
    self.limit = limit
  }

  /// Takes a beam if it is among the best so far; never one without a finite score.
  ///
  /// - Complexity: O(1) for a beam that is not among the best, O(limit) for another.
  public mutating func offer(_ position: @autoclosure () -> Position, score: Float) {
    guard score > threshold else { return }
    if beams.count == limit { beams.removeLast() }
    var range = beams.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range =
        beams[middle].score >= score
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    beams.insert(Beam(position(), score: score), at: range.lowerBound)
  }

  /// Takes a beam for each way on from another one.
  ///
  /// - Parameters:
  ///   - logProbabilities: of the ways on, in nats; thousands at the root of a large catalogue, of
  ///     which nearly all are turned away by one comparison.
  ///   - score: of the beam that they go on from.
  ///   - position: where a way leads, by its place.
  public mutating func offer(
    _ logProbabilities: [Float], from score: Float, position: (Int) -> Position
  ) {
    var threshold = self.threshold
    for (place, logProbability) in logProbabilities.enumerated()
    where score + logProbability > threshold {
      offer(position(place), score: score + logProbability)
      threshold = self.threshold
    }
  }

  /// The score that a beam must exceed.
  private var threshold: Float {
    beams.count == limit ? beams.last?.score ?? .infinity : -.infinity
  }
}

extension BestBeams<ItemTrie.Node> {
  /// Takes a beam for each child of a trie node.
  public mutating func offerChildren(
    of beam: Beam<ItemTrie.Node>, scores: ChildScores, in trie: ItemTrie
  ) {
    let first = trie.children(of: beam.position).lowerBound
    offer(scores.logProbabilities, from: beam.score) { first + $0 }
  }
}

/// Beam search in which finished answers leave the beam for a pool.
///
/// Each round ranks the 2B best children of all beams, so that B unfinished ones remain whatever
/// finishes. An answer that finishes among the first B enters the pool with score / length^α, EOS
/// counted in the length; the search ends when no beam can beat the worst of a full pool, or at the
/// token limit, where the unfinished beams are offered to the pool too.
///
/// Equal scores: in the beam as offered to ``BestBeams``; in the pool the later one first.
///
/// - Source: `BeamSearchScorer` of transformers 4.49.0. In difference to it, beams without a finite
///   score are dropped.
public struct PooledBeams<Position: Sendable>: Sendable {
  /// The unfinished beams, best first; empty when the search is over.
  public private(set) var beams: [Beam<Position>]
  private var pool: FinishedPool<Position>
  private let width: Int  // B
  private let lengthPenalty: Double  // α
  private let tokenLimit: Int
  private var length = 0  // tokens of a beam

  /// Starts a search from one beam without tokens.
  ///
  /// - Parameters:
  ///   - start: where the first beam is.
  ///   - width: beams kept, and answers found at most; B.
  ///   - lengthPenalty: the power of the length that divides the score; α.
  ///   - tokenLimit: the longest answer, EOS included.
  public init(start: Position, width: Int, lengthPenalty: Double, tokenLimit: Int) {
    beams = [Beam(start, score: 0)]
    pool = FinishedPool(capacity: width)
    self.width = width
    self.lengthPenalty = lengthPenalty
    self.tokenLimit = tokenLimit
  }

  /// How many of the children of all beams a round takes: 2B.
  public var candidateLimit: Int { 2 * width }

  /// What the children of all beams are offered to in a round.
  public var noCandidates: BestBeams<Position> { BestBeams(limit: candidateLimit) }

  /// What is in the pool, best first; at the token limit that may be unfinished.
  public var found: [(position: Position, score: Float)] {
    pool.entries.map { ($0.position, Float($0.score)) }
  }

  /// One round: takes the best children of all beams.
  public mutating func advance(
    _ candidates: BestBeams<Position>, isFinished: (Position) -> Bool
  ) {
    advance(ranked: candidates.beams, isFinished: isFinished)
  }

  /// One round: takes the best children of all beams in the order in which they are kept, which need
  /// not be that of their scores.
  ///
  /// - Parameters:
  ///   - candidates: at most 2B.
  ///   - isFinished: whether an answer ends at a position.
  public mutating func advance(
    ranked candidates: [Beam<Position>], isFinished: (Position) -> Bool
  ) {
    length += 1
    beams = keepUnfinished(of: candidates, isFinished)
    if let best = candidates.map(\.score).max(), pool.isFull, pool.worst >= normalised(best) {
      beams = []
    } else if length >= tokenLimit {
      for beam in beams { pool.offer(beam.position, score: normalised(beam.score)) }
      beams = []
    }
  }

  /// Moves finished answers to the pool and returns the other beams, at most B.
  private mutating func keepUnfinished(
    of ranked: [Beam<Position>], _ isFinished: (Position) -> Bool
  ) -> [Beam<Position>] {
    var kept: [Beam<Position>] = []
    for (rank, beam) in ranked.enumerated() where kept.count < width {
      if !isFinished(beam.position) {
        kept.append(beam)
      } else if rank < width {
        pool.offer(beam.position, score: normalised(beam.score))
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
struct FinishedPool<Position: Sendable>: Sendable {
  private(set) var entries: [(position: Position, score: Double)] = []
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
  }

  var isFull: Bool { entries.count == capacity }

  /// The lowest score; infinite where there is none.
  var worst: Double { entries.last?.score ?? .infinity }

  /// Takes a hypothesis where there is room or it is strictly better than the worst.
  mutating func offer(_ position: Position, score: Double) {
    if isFull {
      guard score > worst else { return }
      entries.removeLast()
    }
    let place = entries.firstIndex { $0.score <= score } ?? entries.endIndex
    entries.insert((position, score), at: place)
  }
}
