/// The ranks of the right answers of a test set, and their means.
///
/// Every instance counts, those without the right answer in their list too.
public struct RankingSummary: Sendable, Equatable {
  /// `[instances]`: places of the right answers from 0, nil where a list lacks its own.
  public let ranks: [Int?]

  /// Takes the rank of every instance.
  public init(ranks: [Int?]) { self.ranks = ranks }

  /// HR@K, the mean over all instances; 0 without any.
  public func hr(_ k: Int) -> Double { mean { RankingMetrics.hitRate(rank: $0, k: k) } }

  /// NDCG@K, the mean over all instances; 0 without any.
  public func ndcg(_ k: Int) -> Double { mean { RankingMetrics.ndcg(rank: $0, k: k) } }

  /// The number of instances with the right answer among the first `k`.
  public func hits(_ k: Int) -> Int {
    ranks.count { rank in rank.map { $0 < k } ?? false }
  }

  /// The 95 % interval of HR@K.
  public func hrInterval(_ k: Int) -> BinomialInterval {
    .wilson(successes: hits(k), trials: ranks.count)
  }

  func mean(_ gain: (Int?) -> Double) -> Double {
    ranks.isEmpty ? 0 : ranks.reduce(0) { $0 + gain($1) } / Double(ranks.count)
  }
}
