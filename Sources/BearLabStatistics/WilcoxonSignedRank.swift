internal import Foundation

/// Wilcoxon's signed-rank test of paired differences, two-sided.
///
///     W⁺, W⁻ = sums of the ranks of |d| over d > 0 and d < 0; the statistic is the smaller one
///     z = (W⁺ − n(n + 1)/4) / √((n(n + 1)(2n + 1) − Σ (t³ − t)/2) / 24)
///
/// Differences of 0 are dropped, n are left; equal ones share the mean of their ranks, and t is how
/// many share one. It assumes that pairs are independent and, under the null hypothesis, that the
/// differences are symmetric around 0.
///
/// As `scipy.stats.wilcoxon` of version 1.17 with its defaults: p comes from the exact distribution
/// where there are at most 50 pairs without zeros or ties, or at most 13 pairs, and else from the
/// normal one without correction for continuity. Without any difference p is 1, also where SciPy has
/// NaN.
///
/// - Source: F. Wilcoxon, "Individual comparisons by ranking methods", 1945.
public struct WilcoxonSignedRank: Sendable, Equatable {
  /// The smaller of W⁺ and W⁻.
  public let statistic: Double
  /// Two-sided.
  public let pValue: Double
  /// The differences that are not 0.
  public let differing: Int
  /// Whether p is from the exact distribution.
  public let isExact: Bool

  /// Tests whether the differences are symmetric around 0; they are finite.
  public init(_ differences: [Double]) {
    let ranked = Ranks(differences.filter { $0 != 0 })
    let doubledTotal = ranked.doubled.reduce(0, +)
    let doubledPlus = zip(ranked.doubled, ranked.isPositive).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    differing = ranked.doubled.count
    statistic = Double(min(doubledPlus, doubledTotal - doubledPlus)) / 2
    let isPlain = differing == differences.count && ranked.tieCorrection == 0
    isExact = differences.count <= (isPlain ? 50 : 13)
    if differing == 0 {
      pValue = 1
    } else if isExact {
      pValue = Self.exact(doubledPlus, of: ranked.doubled)
    } else {
      let n = Double(differing)
      let variance = (n * (n + 1) * (2 * n + 1) - ranked.tieCorrection / 2) / 24
      let z = (Double(doubledPlus) / 2 - n * (n + 1) / 4) / variance.squareRoot()
      pValue = erfc(abs(z) / 2.0.squareRoot())
    }
  }

  /// The ranks of absolute values, doubled: so means of ranks stay whole.
  private struct Ranks {
    var doubled: [Int] = []
    /// Whether the difference of each rank is positive.
    var isPositive: [Bool] = []
    /// Σ (t³ − t).
    var tieCorrection = 0.0

    init(_ values: [Double]) {
      let sorted = values.sorted { abs($0) < abs($1) }
      var start = 0
      while start < sorted.count {
        var end = start
        while end < sorted.count, abs(sorted[end]) == abs(sorted[start]) { end += 1 }
        let size = Double(end - start)
        tieCorrection += size * size * size - size
        // The mean of the ranks start + 1 … end, twice.
        doubled += [Int](repeating: start + end + 1, count: end - start)
        isPositive += sorted[start..<end].map { $0 > 0 }
        start = end
      }
    }
  }

  /// Twice the smaller tail of the sum of ranks, each with its sign by the toss of a coin.
  private static func exact(_ sum: Int, of ranks: [Int]) -> Double {
    var probabilities = [1.0]
    for rank in ranks {
      var next = [Double](repeating: 0, count: probabilities.count + rank)
      for (total, probability) in probabilities.enumerated() {
        next[total] += probability / 2
        next[total + rank] += probability / 2
      }
      probabilities = next
    }
    let (low, high) = (
      probabilities[...sum].reduce(0, +), probabilities[sum...].reduce(0, +)
    )
    return min(1, 2 * min(low, high))
  }
}
