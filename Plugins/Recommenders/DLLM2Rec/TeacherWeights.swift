internal import Foundation

/// How much each place of a teacher's list counts: section 5.2 of the method specification.
///
///     a_r = exp(−r) / Σ_s exp(−s)                              position
///     b_r = (exp(−Δ_r) + 1e-8) / Σ_s (exp(−Δ_s) + 1e-8)        confidence
///     c_r = 1[T_r is among the student's best k] + 1e-8        consistency
///     w_r = γ_p a_r + γ_c b_r + γ_o c_r,  divided by their sum
struct TeacherWeights: Sendable {
  /// γ_p.
  let position: Double
  /// γ_c.
  let confidence: Double
  /// γ_o.
  let consistency: Double

  /// The weights of a list; they sum to 1.
  ///
  /// - Parameters:
  ///   - distances: Δ of each place, best first.
  ///   - isShared: whether the student has the item among its own best.
  /// - Returns: as many weights as there are places.
  func callAsFunction(distances: [Float], isShared: [Bool]) -> [Double] {
    let ranks = distances.indices.map { exp(-Double($0 + 1)) }
    let trust = distances.map { exp(-Double($0)) + Self.floor }
    let (rankSum, trustSum) = (ranks.reduce(0, +), trust.reduce(0, +))
    let weights = distances.indices.map { place in
      position * ranks[place] / rankSum + confidence * trust[place] / trustSum
        + consistency * ((isShared[place] ? 1 : 0) + Self.floor)
    }
    let sum = weights.reduce(0, +)
    return sum > 0 ? weights.map { $0 / sum } : weights
  }

  /// Keeps what is improbable from vanishing.
  private static let floor = 1e-8
}
