internal import BearLabCore
internal import BearLabTensor
#if canImport(Glibc)
internal import Glibc
#endif

/// MSL's adaptive temperature strategy (ATS).
///
/// Over the first answer tokens of a step, where n_1 > 1 tokens are allowed: δ is the mean logit of
/// the targets less the mean of all allowed tokens, s² the unbiased variance of the latter.
///
///     C = ln(n_1 η)
///     τ̂ = (δ + √max(δ² − 2 C s², 0)) / 2C, clamped to [min, max]
///     τ ← (1 − a) τ + a τ̂
///
/// With Gaussian logits, the temperature τ̂ gives the target the probability η. Where C ≤ 0, no
/// temperature does, and τ stays.
///
/// In difference to the authors' code, which updates τ before it computes a step's loss, the step's
/// statistics take effect for the next step: so how a step is cut into micro-batches changes nothing.
///
/// - Source: WANGBohaO-jpg/MSL; the first token is told by its position, there by n_t = n_1.
struct AdaptiveTemperature: Sendable {
  private let probability: Double  // η
  private let momentum: Double  // a
  private let initial: Double
  private let range: ClosedRange<Double>
  private let warmupSteps: Int
  /// τ of the step under way.
  private(set) var temperature: Double
  private var steps = 0
  private var statistics = FirstTokenStatistics()

  static let parameters: [Parameter] = [
    .real("ats-eta", default: 0.25, in: 0.0001...1, "probability that τ aims at"),
    .real("ats-momentum", default: 0.05, in: 0...1, "how far τ moves in a step"),
    .real("ats-initial", default: 1.5, in: 0.01..., "τ of the first step"),
    .real("ats-min", default: 1.5, in: 0.01..., "smallest τ that a step asks for"),
    .real("ats-max", default: 5, in: 0.01..., "largest τ that a step asks for"),
    .integer(
      "ats-warmup", default: -1, in: (-1)..., unit: "steps", "steps in which τ stays; -1 for none"),
  ]

  init(_ values: ParameterValues) throws {
    probability = try values["ats-eta"]
    momentum = try values["ats-momentum"]
    initial = try values["ats-initial"]
    temperature = initial
    warmupSteps = try values["ats-warmup"]
    let (minimum, maximum): (Double, Double) = try (values["ats-min"], values["ats-max"])
    guard minimum <= maximum else {
      throw MSLError.emptyRange(minimum: minimum, maximum: maximum)
    }
    range = minimum...maximum
  }

  mutating func observe(_ batch: AnswerBatch) throws(AnswerBatchError) {
    let firsts = batch.answers.map(\.rows.lowerBound).filter { batch.allowed[$0].count > 1 }
    statistics.add(try batch.childLogits.rows(at: firsts))
  }

  mutating func stepEnded() {
    steps += 1
    if steps > warmupSteps, let target = clampedTarget() {
      temperature += momentum * (target - temperature)
    }
    statistics = FirstTokenStatistics()
  }

  var state: [String: Double] {
    get { ["ats-temperature": temperature, "ats-steps": Double(steps)] }
    set {
      temperature = newValue["ats-temperature"] ?? initial
      steps = Int(newValue["ats-steps"] ?? 0)
    }
  }

  /// τ̂ of the step; nil where it had no choice or none gives the probability.
  private func clampedTarget() -> Double? {
    guard statistics.targetCount > 0 else { return nil }
    let logarithm = log(Double(statistics.count) / Double(statistics.targetCount) * probability)
    guard logarithm > 0 else { return nil }
    let (gap, variance) = (statistics.gap, statistics.variance)
    let root = max(gap * gap - 2 * logarithm * variance, 0).squareRoot()
    return min(max((gap + root) / (2 * logarithm), range.lowerBound), range.upperBound)
  }
}

/// Sums over the allowed logits of first answer tokens, additive over samples.
private struct FirstTokenStatistics: Sendable {
  private(set) var count = 0.0
  private(set) var targetCount = 0.0
  private var sum = 0.0
  private var squares = 0.0
  private var targetSum = 0.0

  mutating func add(_ rows: RaggedRows) {
    for logit in rows.values.scalars.lazy.map(Double.init) {
      sum += logit
      squares += logit * logit
    }
    count += Double(rows.values.count)
    targetSum += rows.targets.scalars.reduce(0.0) { $0 + Double($1) }
    targetCount += Double(rows.rowCount)
  }

  /// δ: how far the targets' mean is above the mean of all.
  var gap: Double { targetSum / targetCount - sum / count }

  /// s², unbiased.
  var variance: Double { max(squares - sum * sum / count, 0) / (count - 1) }
}
