/// A confidence interval of a share, or of a mean of gains between 0 and 1.
public struct BinomialInterval: Sendable, Equatable {
  public let lower: Double
  public let upper: Double

  /// Wilson's 95 % interval of a share of `successes` in `trials`.
  ///
  /// - Returns: the whole of [0, 1] without trials.
  public static func wilson(successes: Int, trials: Int) -> BinomialInterval {
    precondition(
      0 <= successes && successes <= trials, "\(successes) successes in \(trials) trials")
    return .score(mean: trials == 0 ? 0 : Double(successes) / Double(trials), count: trials)
  }

  /// Wilson's 95 % interval of a mean m of n numbers in [0, 1].
  ///
  ///     (m + z²/2n ± z √(m(1 − m)/n + z²/4n²)) / (1 + z²/n)     z = 1.959964
  ///
  /// m(1 − m) is the variance of hits, and an upper bound of that of NDCG's gains, whose interval
  /// is wider than it need be. It never shrinks to a point, as one from the observed variance does
  /// where nothing was hit.
  ///
  /// - Returns: the whole of [0, 1] for no numbers.
  /// - Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
  ///   1927.
  public static func score(mean: Double, count: Int) -> BinomialInterval {
    precondition((0...1).contains(mean), "a mean of \(mean)")
    guard count > 0 else { return BinomialInterval(lower: 0, upper: 1) }
    let z = 1.959963984540054
    let n = Double(count)
    let centre = mean + z * z / (2 * n)
    let reach = z * (mean * (1 - mean) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    // The ends are exact there, and must not be missed by rounding.
    return BinomialInterval(
      lower: mean == 0 ? 0 : (centre - reach) / scale,
      upper: mean == 1 ? 1 : (centre + reach) / scale)
  }
}
