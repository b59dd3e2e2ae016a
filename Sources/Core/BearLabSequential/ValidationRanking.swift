internal import BearLabCore
internal import BearLabTensor

#if canImport(Glibc)
internal import Glibc
#endif

/// NDCG on validation windows, by counting the titles above the right one.
///
/// A title's score is its best item's, and ties go to the title that comes first in byte order, as
/// in an evaluation.
struct ValidationRanking {
  /// The first rows stand for all: they are in an order of sub-sampling.
  private static let mostRows = 5000
  private let windows: [Window]
  private let catalogue: Catalogue
  /// The place of each title in byte order.
  private let places: [Int]

  init(_ windows: [Window], catalogue: Catalogue) {
    self.windows = Array(windows.prefix(Self.mostRows))
    self.catalogue = catalogue
    places = catalogue.titlePlaces
  }

  /// NDCG@cutoff of a recommender; nil where there are no windows.
  ///
  ///     mean of 1 / log₂(rank + 1) where rank ≤ cutoff, with ranks from 1
  func ndcg(_ cutoff: Int, of recommender: SequentialRecommender) throws -> Double? {
    guard !windows.isEmpty else { return nil }
    var total = 0.0
    for start in stride(from: 0, to: windows.count, by: 256) {
      let batch = windows[start..<min(start + 256, windows.count)]
      let scores = try recommender.scores(histories: batch.map(\.history))
      for (window, row) in zip(batch, scores) {
        let rank = rank(
          of: catalogue.titleNumber(of: window.target), in: catalogue.titleScores(ofItems: row))
        if rank <= cutoff { total += 1 / log2(Double(rank) + 1) }
      }
    }
    return total / Double(windows.count)
  }

  /// The rank of a title, from 1.
  func rank(of target: Int, in scores: [Float]) -> Int {
    let own = scores[target]
    var rank = 1
    for (title, score) in scores.enumerated() where score >= own {
      if score > own || places[title] < places[target] { rank += 1 }
    }
    return rank
  }
}
