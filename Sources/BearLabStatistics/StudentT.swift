internal import Foundation

/// Student's t distribution.
///
///     P(|T| ≥ t) = I_x(ν/2, 1/2)        x = ν / (ν + t²)
///
/// I is the regularised incomplete beta function.
struct StudentT {
  /// ν.
  let degreesOfFreedom: Double

  /// The probability of a value that is as far from 0 as `statistic`, or farther.
  func twoSided(_ statistic: Double) -> Double {
    // 1 − x would lose what is small beside 1, so both are made from the ratio.
    let ratio = statistic * statistic / degreesOfFreedom
    guard ratio > 0 else { return 1 }
    guard ratio.isFinite else { return 0 }
    return IncompleteBeta(halfOf: degreesOfFreedom).value(
      logX: -log1p(ratio), x: 1 / (1 + ratio), complement: ratio / (1 + ratio))
  }

  /// The t > 0 with P(|T| ≥ t) = `probability`, which is between 0 and 1.
  func quantile(twoSided probability: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while twoSided(high) > probability { (low, high) = (high, 2 * high) }
    while true {
      let middle = low + (high - low) / 2
      // Between neighbouring numbers there is no other one.
      guard middle > low, middle < high else { return middle }
      if twoSided(middle) > probability { low = middle } else { high = middle }
    }
  }
}

/// The regularised incomplete beta function I_x(a, 1/2), by its continued fraction.
///
///     I_x(a, b) = x^a (1 − x)^b / (a B(a, b)) · 1 / (1 + d₁ / (1 + d₂ / (1 + …)))
///     d_{2m+1} = −(a + m)(a + b + m) x / ((a + 2m)(a + 2m + 1))
///     d_{2m}   = m (b − m) x / ((a + 2m − 1)(a + 2m))
///
/// - Source: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 26.5.8; evaluated
///   as by W. J. Lentz, 1976.
private struct IncompleteBeta {
  private let a: Double
  private let b = 0.5
  private let logBeta: Double

  init(halfOf degreesOfFreedom: Double) {
    a = degreesOfFreedom / 2
    logBeta = 0.5 * log(Double.pi) - Self.logGammaRatio(a)
  }

  /// I_x(a, 1/2); the logarithm of x and 1 − x are given apart, as they can be small beside 1.
  func value(logX: Double, x: Double, complement: Double) -> Double {
    let factor = exp(a * logX + b * log(complement) - logBeta)
    // The fraction converges fast on this side of the mean; I_x(a, b) = 1 − I_{1−x}(b, a).
    return x < (a + 1) / (a + b + 2)
      ? factor / a * Self.fraction(a, b, x) : 1 - factor / b * Self.fraction(b, a, complement)
  }

  private static func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
    var value = d
    // It takes about √max(a, b) rounds.
    for round in 1...100_000 {
      let m = Double(round)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      var change = 1.0
      for term in [even, odd] {
        d = 1 / nonzero(1 + term * d)
        c = nonzero(1 + term / c)
        change *= c * d
      }
      value *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return value
  }

  /// log Γ(a + 1/2) − log Γ(a).
  ///
  /// From 20 on by its asymptotic series, whose error is below 4e-15 there: the difference of two
  /// large logarithms would lose digits.
  private static func logGammaRatio(_ a: Double) -> Double {
    guard a >= 20 else { return lgamma(a + 0.5) - lgamma(a) }
    let inverse = 1 / a
    let square = inverse * inverse
    let series = [17.0 / 14336, -1.0 / 640, 1.0 / 192, -1.0 / 8]
      .reduce(0) { $0 * square + $1 }
    return 0.5 * log(a) + series * inverse
  }
}
