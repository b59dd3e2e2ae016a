public import BearLabCore

/// One title's way through a beam search of flavour `paper`.
public struct BeamTrace: Sendable, Equatable {
  /// The title's tokens, EOS included.
  public let steps: [TitleStep]
  /// The log-probability of the title's first t tokens, nats; `[tokens]`, in single precision as a
  /// beam has it.
  public let prefixScores: [Float]
  /// The lowest score of the candidates after each step of the search, nats.
  public let thresholds: [Float]
  /// The step after which the title's prefix, or the whole title, was no candidate any more, from 1;
  /// nil where it was one to the end.
  ///
  /// It may lie beyond the title's own tokens: a whole title stays a candidate while others grow.
  public let dropStep: Int?
  /// The place in the list from 0; nil where it was dropped, or the token limit cut it.
  public let place: Int?

  /// How far below the threshold the prefix was when it was dropped, nats; nil where it was not.
  public var margin: Float? {
    dropStep.map { thresholds[$0 - 1] - prefixScores[min($0, steps.count) - 1] }
  }

  /// The threshold after a step of the search, of its last step where it is over.
  public func threshold(step: Int) -> Float? {
    thresholds.isEmpty ? nil : thresholds[min(step, thresholds.count) - 1]
  }

  /// The first token, from 1, that at least B of its siblings exceed: there the title violates the
  /// condition that is necessary for it to stay in a beam of width B.
  ///
  /// - Source: BEAR, SIGIR 2026, equation 3.2.
  public func violation(width: Int) -> Int? {
    steps.firstIndex { $0.better >= width }.map { $0 + 1 }
  }
}

/// Runs a beam search and watches one title.
struct WatchedBeamSearch: DecoderSearch {
  private var beams: CompetingBeamSearch
  private let trie: ItemTrie
  private let path: [ItemTrie.Node]
  private var steps: [TitleStep] = []
  private var dropStep: Int?

  init(of title: Int, in trie: ItemTrie, width: Int, tokenLimit: Int) {
    beams = CompetingBeamSearch(in: trie, width: width, tokenLimit: tokenLimit)
    self.trie = trie
    path = trie.path(to: trie.leaf(of: title))
  }

  /// The title's own nodes are asked for in the first round, after the search's.
  mutating func advance(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    guard !scores.isEmpty else {
      return beams.advance([]) + [ItemTrie.root] + path.dropLast()
    }
    guard steps.isEmpty else { return next(scores) }
    steps = zip(path, scores.suffix(path.count)).map { TitleStep($0, scores: $1, in: trie) }
    return next(scores.dropLast(path.count))
  }

  private mutating func next(_ scores: [ChildScores]) -> [ItemTrie.Node] {
    let wanted = beams.advance(scores)
    let step = beams.thresholds.count
    let node = path[min(step, path.count) - 1]
    if dropStep == nil, !beams.beams.contains(where: { $0.position == node }) { dropStep = step }
    return wanted
  }

  var results: [ScoredTitle] { beams.results }

  var trace: BeamTrace {
    var total: Float = 0
    let leaf = path.last.flatMap { trie.title(at: $0) }
    return BeamTrace(
      steps: steps,
      prefixScores: steps.map { step in
        total += step.logProbability
        return total
      },
      thresholds: beams.thresholds, dropStep: dropStep,
      place: beams.results.firstIndex { $0.title == leaf })
  }
}
