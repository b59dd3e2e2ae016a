/// Beam search over the whole vocabulary, behind several prompts side by side.
///
/// A hypothesis is a list of tokens; its score is the sum of their log-probabilities under the
/// soft-max over the vocabulary, in single precision. The 2B best next tokens of all beams compete,
/// finished texts leave the beam for a pool of B, and the result is sorted by score / length^α, EOS
/// counted in the length. As in the library, beams that the token limit cuts are results too.
///
/// Equal scores: the better beam first, then the lower token; in the pool the later text first.
///
/// - Source: `BeamSearchScorer` of transformers 4.49.0.
public struct VocabularyBeamSearch: Sendable {
  /// What was written, with its score.
  public typealias Text = (tokens: [Int32], score: Float)

  private let start: PooledBeams<[Int32]>
  private let width: Int  // B
  private let endToken: Int32

  /// Describes a search.
  ///
  /// - Parameters:
  ///   - width: beams kept, and texts found at most; B.
  ///   - lengthPenalty: the power of the length that divides the score; α.
  ///   - tokenLimit: the longest text, EOS included.
  ///   - endToken: ends a text; EOS.
  public init(width: Int, lengthPenalty: Double, tokenLimit: Int, endToken: Int32) {
    start = PooledBeams(
      start: [], width: width, lengthPenalty: lengthPenalty, tokenLimit: tokenLimit)
    self.width = width
    self.endToken = endToken
  }

  /// Runs the searches of all prompts, scored together.
  ///
  /// - Returns: at most B texts a prompt, best first; EOS ends those that the limit has not cut.
  /// - Throws: `ScoringError` for NaN, and what the scorer throws.
  public func texts(
    behind prompts: Int, scorer: inout some PathScorer
  ) throws -> [[Text]] {
    var searches = (0..<prompts).map { _ in start }
    while searches.contains(where: { !$0.beams.isEmpty }) {
      let requests = searches.enumerated().flatMap { prompt, search in
        search.beams.map { TokenRequest(prompt: prompt, path: $0.position, count: 2 * width) }
      }
      var scores = try scorer.bestTokens(requests)[...]
      try check(scores, of: requests)
      for index in searches.indices where !searches[index].beams.isEmpty {
        let own = scores.prefix(searches[index].beams.count)
        scores = scores.dropFirst(own.count)
        searches[index].advance(candidates(of: searches[index], own)) { $0.last == endToken }
      }
    }
    return searches.map { search in search.found.map { ($0.position, $0.score) } }
  }

  private func candidates(
    of search: PooledBeams<[Int32]>, _ scores: ArraySlice<TokenScores>
  ) -> BestBeams<[Int32]> {
    var best = search.noCandidates
    for (beam, own) in zip(search.beams, scores) {
      best.offer(own.logProbabilities, from: beam.score) { beam.position + [own.tokens[$0]] }
    }
    return best
  }

  private func check(
    _ scores: ArraySlice<TokenScores>, of requests: [TokenRequest]
  ) throws(ScoringError) {
    for (request, own) in zip(requests, scores) where own.logProbabilities.contains(where: \.isNaN)
    {
      throw .notANumber(prompt: request.prompt, path: request.path)
    }
  }
}
