/// The bootstrap of a mean of paired differences: pairs are drawn again, with replacement.
///
///     d*_r = mean of n differences, each drawn from the n        r = 1 … R
///     interval: the (1 − c)/2 and (1 + c)/2 quantiles of d*      (percentile method)
///     p = min(1, 2 (1 + min(#{d* ≤ 0}, #{d* ≥ 0})) / (R + 1))
///
/// It assumes that pairs are drawn independently of one another, and nothing of their distribution.
/// The p-value belongs to the interval: it is below 1 − c where the interval leaves 0 out, up to one
/// resample, and never 0. Of differences with their signs turned, the same seed gives the same p
/// and the interval with its signs turned, to the bit.
///
/// - Source: B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and
///   15; the ones that are added: A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their
///   Application", 1997, section 4.2.
public struct PairedBootstrap: Sendable, Equatable {
  public let lower: Double
  public let upper: Double
  /// Two-sided.
  public let pValue: Double

  /// Draws the resamples; nil for fewer than two differences, which say nothing of how they spread.
  ///
  /// - Parameters:
  ///   - differences: one a pair; finite.
  ///   - confidence: of the interval, between 0 and 1.
  ///   - resamples: how many means are drawn, 1 at least.
  ///   - seed: of what is drawn; the same gives the same bits.
  public init?(
    _ differences: [Double], confidence: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 42
  ) {
    precondition(confidence > 0 && confidence < 1, "a confidence of \(confidence)")
    precondition(resamples > 0, "\(resamples) resamples")
    guard differences.count > 1 else { return nil }
    let means = Self.means(of: differences, resamples: resamples, seed: seed).sorted()
    (lower, upper) = Self.ends(of: means, tail: (1 - confidence) / 2)
    let (below, above) = (means.count { $0 <= 0 }, means.count { $0 >= 0 })
    pValue = min(1, 2 * Double(1 + min(below, above)) / Double(resamples + 1))
  }

  private static func means(
    of differences: [Double], resamples: Int, seed: UInt64
  ) -> [Double] {
    var random = SplitMix64(seed)
    let count = UInt64(differences.count)
    return (0..<resamples).map { _ in
      var sum = 0.0
      for _ in 0..<count {
        // The high word of the product is uniform below `count`, up to 2⁻⁶⁴ · count.
        sum += differences[Int(random.next().multipliedFullWidth(by: count).high)]
      }
      return sum / Double(count)
    }
  }

  /// The quantiles `tail` and 1 − `tail` of sorted values, between neighbours by the straight line.
  ///
  /// Both are counted from their own end, so that turned signs give the same numbers.
  private static func ends(of sorted: [Double], tail: Double) -> (Double, Double) {
    let last = sorted.count - 1
    let position = Double(last) * tail
    let place = Int(position)
    let next = min(place + 1, last)
    let share = position - Double(place)
    let (low, high) = (sorted[place], sorted[last - place])
    return (
      low + share * (sorted[next] - low), high + share * (sorted[last - next] - high)
    )
  }
}

/// A generator with a fixed sequence for a seed.
///
/// - Source: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
///   2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence of `seed`.
  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
