public import BearLabCore
public import BearLabTensor

#if canImport(Glibc)
internal import Glibc
#endif

/// The distributionally robust term over the squared errors of all scores.
///
///     w_j = ((c_j + 1) / Σ_k (c_k + 1))^0.05          c_j: training targets equal to j
///     code:   log(Σ_{j≠y} exp(w_j f_j² / β₀) + exp(w_y (f_y − 1)² / β₀))
///     paper:  β₀ log Σ_j w̃_j exp((f_j − 1[j = y])² / β₀),   w̃ = w / Σ w
///
/// - Source: section 4.3 of the method specification; YangZhengyi98/DROS.
public struct RobustTerm: Sendable {
  /// How popularity and radius enter.
  public enum Form: String, Sendable, ParameterReadable {
    case code, paper
  }

  public let form: Form
  public let radius: Float
  /// `[items]`.
  public let weights: [Float]

  /// Counts the targets.
  public init(form: Form, radius: Float, targets: [Int], items: Int) {
    var counts = [Double](repeating: 1, count: items)
    for target in targets { counts[target - 1] += 1 }
    let total = counts.reduce(0, +)
    self.init(form: form, radius: radius, weights: counts.map { pow($0 / total, 0.05) })
  }

  private init(form: Form, radius: Float, weights: [Double]) {
    self.form = form
    self.radius = radius
    let total = form == .paper ? weights.reduce(0, +) : 1
    self.weights = weights.map { Float($0 / total) }
  }

  /// The mean term of some rows.
  ///
  /// - Parameters:
  ///   - scores: `[n, items]`.
  ///   - targets: `[n]`, columns.
  /// - Returns: a scalar.
  public func callAsFunction(_ scores: Tensor, targets: [Int]) -> Tensor {
    rows(scores, targets: targets).mean()
  }

  /// The term of each row, `[n]`.
  ///
  /// - Parameters:
  ///   - scores: `[n, items]`.
  ///   - targets: `[n]`, columns.
  /// - Returns: `[n]`.
  public func rows(_ scores: Tensor, targets: [Int]) -> Tensor {
    let (rows, items) = (scores.shape[0], scores.shape[1])
    let places = targets.enumerated().map { $0 * items + $1 }
    let flat = scores.reshaped([scores.count])
    // (f_y − 1)² is f_y² + (1 − 2 f_y).
    let squares = flat * flat
    let right = 1 - 2 * flat.gathered(at: places)
    let exponents: Tensor
    switch form {
    case .code:
      let factors = Tensor(weights.map { $0 / radius }, shape: [items]).repeated(rows)
      let own = right * Tensor(targets.map { weights[$0] / radius }, shape: [rows])
      exponents = squares * factors + own.scattered(to: places, count: scores.count)
    case .paper:
      let logs = Tensor(weights, shape: [items]).log().repeated(rows)
      exponents =
        squares / radius + (right / radius).scattered(to: places, count: scores.count) + logs
    }
    let sums = RaggedRows(dense: exponents.reshaped([rows, items]), targets: targets).logSumExp()
    return form == .code ? sums : sums * radius
  }
}

extension Tensor {
  /// A constant vector, some times over.
  fileprivate func repeated(_ times: Int) -> Tensor {
    let values = scalars
    return Tensor((0..<times).flatMap { _ in values }, shape: [times * values.count])
  }
}
