/// A confidence interval of a share.
public struct BinomialInterval: Sendable, Equatable {
  public let lower: Double
  public let upper: Double

  /// Wilson's 95 % interval of a share of `successes` in `trials`.
  ///
  ///     (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)     z = 1.959964
  ///
  /// - Returns: the whole of [0, 1] without trials.
  /// - Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
  ///   1927.
  public static func wilson(successes: Int, trials: Int) -> BinomialInterval {
    precondition(
      0 <= successes && successes <= trials, "\(successes) successes in \(trials) trials")
    guard trials > 0 else { return BinomialInterval(lower: 0, upper: 1) }
    let z = 1.959963984540054
    let count = Double(trials)
    let share = Double(successes) / count
    let centre = share + z * z / (2 * count)
    let reach = z * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
    let scale = 1 + z * z / count
    // The ends are exact there, and must not be missed by rounding.
    return BinomialInterval(
      lower: successes == 0 ? 0 : (centre - reach) / scale,
      upper: successes == trials ? 1 : (centre + reach) / scale)
  }
}
