#if canImport(Glibc)
internal import Glibc
#endif

/// The arithmetic of adjusted distances.
enum Grounding {
  /// Draws distances nearer, the more the larger the weight.
  ///
  ///     D″_j = D′_j · (1 + q′_j)^(−γ)      D′, q′: scaled to [0, 1]
  ///
  /// - Parameters:
  ///   - distances: `[titles]`; D.
  ///   - weights: `[titles]`, of any range; q.
  ///   - gamma: γ; at 0 the ranking stays as it is.
  /// - Returns: `[titles]`; D″, in double precision so that scaling makes no two distances equal.
  static func adjusted(_ distances: [Double], by weights: [Double], gamma: Double) -> [Double] {
    zip(scaled(distances), scaled(weights)).map { distance, weight in
      distance * pow(1 + weight, -gamma)
    }
  }

  /// Numbers moved and stretched to [0, 1]; all 0 where the largest is the smallest.
  static func scaled(_ values: [Double]) -> [Double] {
    guard let smallest = values.min(), let largest = values.max(), smallest < largest else {
      return values.map { _ in 0 }
    }
    return values.map { ($0 - smallest) / (largest - smallest) }
  }
}
