/// Student's t-test of paired differences, two-sided.
///
///     t = mean / (s / √n)        s² = Σ (d − mean)² / (n − 1)
///     interval: mean ± t_c · s / √n,  t_c of n − 1 degrees of freedom
///
/// It assumes that pairs are independent and that the mean of the differences is near to normal,
/// which many pairs bring about by themselves.
///
/// As `scipy.stats.ttest_rel`, but where all differences are 0: SciPy has NaN there, and here t is 0
/// and p is 1. Where they are all the same other number, t is infinite and p is 0.
///
/// - Source: Student, "The probable error of a mean", 1908.
public struct PairedTTest: Sendable, Equatable {
  public let statistic: Double
  /// Two-sided.
  public let pValue: Double
  public let lower: Double
  public let upper: Double

  /// Tests whether the mean is 0; nil for fewer than two differences, which have no variance.
  ///
  /// - Parameters:
  ///   - differences: one a pair; finite.
  ///   - confidence: of the interval, between 0 and 1.
  public init?(_ differences: [Double], confidence: Double = 0.95) {
    precondition(confidence > 0 && confidence < 1, "a confidence of \(confidence)")
    guard let first = differences.first, differences.count > 1 else { return nil }
    let count = Double(differences.count)
    guard differences.contains(where: { $0 != first }) else {
      // By the formula, rounding of the mean would decide.
      statistic = first == 0 ? 0 : first > 0 ? .infinity : -.infinity
      pValue = first == 0 ? 1 : 0
      (lower, upper) = (first, first)
      return
    }
    let mean = differences.reduce(0, +) / count
    let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = (squares / (count - 1) / count).squareRoot()
    let distribution = StudentT(degreesOfFreedom: count - 1)
    statistic = mean / error
    pValue = distribution.twoSided(statistic)
    let reach = distribution.quantile(twoSided: 1 - confidence) * error
    (lower, upper) = (mean - reach, mean + reach)
  }
}
