public import BearLabCore
internal import Foundation

/// What the best recommender can expect of a synthetic data set: one that knows the rules.
public struct BestFigures: Sendable, Equatable {
  /// The lengths of the lists.
  public static let cutoffs = [1, 5, 10]
  /// By cut-off.
  public internal(set) var hr: [Double]
  /// By cut-off.
  public internal(set) var ndcg: [Double]

  /// In words.
  public var notice: String {
    let figures = zip(Self.cutoffs, zip(hr, ndcg)).dropFirst().map { cutoff, figures in
      String(format: "HR@%d %.4f, NDCG@%d %.4f", cutoff, figures.0, cutoff, figures.1)
    }
    return "synthetic: the best recommender can expect \(figures.joined(separator: ", "))"
  }
}

extension SyntheticSource {
  /// What the best recommender recommends after an item: the most probable ten items.
  ///
  /// - Parameter item: the last one of a history, from 1.
  /// - Returns: items and their probabilities, the most probable first, ties by number.
  public func bestList(after item: Int) -> [(item: Int, probability: Double)] {
    let next = ((item - 1) % clusters + 1) % clusters
    let popularity = SyntheticPopularity(self)
    return bestList(next, popularity)
  }

  private func bestList(
    _ next: Int, _ popularity: SyntheticPopularity
  ) -> [(item: Int, probability: Double)] {
    let length = BestFigures.cutoffs[BestFigures.cutoffs.count - 1]
    var candidates: [(item: Int, probability: Double)] = []
    for cluster in 0..<clusters {
      let share = (cluster == next ? follow : 0) + (1 - follow) / Double(clusters)
      for rank in 0..<min(length, popularity.size(of: cluster)) {
        candidates.append(
          (
            rank * clusters + cluster + 1,
            share * popularity.probability(ofRank: rank, in: cluster)
          ))
      }
    }
    candidates.sort { ($1.probability, $0.item) < ($0.probability, $1.item) }
    return Array(candidates.prefix(length))
  }

  /// The hit rate and NDCG that the best recommender can expect on some windows.
  ///
  ///     HR@K   = mean over windows of Σ_{k < K} p_k
  ///     NDCG@K = mean over windows of Σ_{k < K} p_k / log2(k + 2)
  public func best(for windows: some Sequence<Window>) -> BestFigures {
    var counts = [Int](repeating: 0, count: clusters)
    for window in windows {
      let last = window.history[window.history.count - 1]
      counts[((last - 1) % clusters + 1) % clusters] += 1
    }
    let popularity = SyntheticPopularity(self)
    let total = Double(max(1, counts.reduce(0, +)))
    var figures = BestFigures(
      hr: BestFigures.cutoffs.map { _ in 0 }, ndcg: BestFigures.cutoffs.map { _ in 0 })
    for (next, count) in counts.enumerated() where count > 0 {
      let list = bestList(next, popularity)
      for (place, cutoff) in BestFigures.cutoffs.enumerated() {
        for (rank, entry) in list.prefix(cutoff).enumerated() {
          let gain = entry.probability * Double(count) / total
          figures.hr[place] += gain
          figures.ndcg[place] += gain / log2(Double(rank + 2))
        }
      }
    }
    return figures
  }
}
