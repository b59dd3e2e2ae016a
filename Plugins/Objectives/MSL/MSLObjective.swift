public import BearLabCore
internal import BearLabTensor

/// Masked soft-max loss: cross-entropy over the tokens that the item trie allows.
///
///     ats=off  loss = Σ_t ℓ_t(τ) / T                    T answer tokens
///     ats=on   loss = τ · Σ_t ℓ_t(τ) / T⁺               T⁺ answer tokens with n_t > 1
///     ℓ_t(τ) = −log softmax_{v ∈ C_t}(z_t / τ)[y_t]
///
/// A forced token (n_t = 1) has loss 0; without the adaptive temperature it counts in the mean.
///
/// - Source: WANGBohaO-jpg/MSL; τ and the decoding constraint as in Tiny-Snow/BEAR-SIGIR-2026.
public struct MSLObjective: TokenWeightedObjective {
  private let fixedTemperature: Float  // τ of ats=off
  private var adaptive: AdaptiveTemperature?

  public static let summary = "cross-entropy over the tokens that the item trie allows"
  public static let citation = "MSL, the masked soft-max loss; WANGBohaO-jpg/MSL"
  public static let parameters: [Parameter] =
    [
      .real("tau", default: 1, in: 0.01..., "temperature of the soft-max; only where ats=off"),
      .choice(
        "ats", default: Switch.off.rawValue, of: Switch.allCases.map(\.rawValue),
        "whether the temperature adapts to the logits of the steps before"),
    ] + AdaptiveTemperature.parameters

  private enum Switch: String, CaseIterable, ParameterReadable {
    case off
    case on
  }

  public let needs = ObjectiveNeeds(columns: .children, constraint: .before)

  public init(_ values: ParameterValues) throws {
    fixedTemperature = try values["tau"]
    let ats: Switch = try values["ats"]
    adaptive = ats == .on ? try AdaptiveTemperature(values) : nil
    let idle = ats == .on ? ["tau"] : AdaptiveTemperature.parameters.map(\.name)
    for parameter in Self.parameters where idle.contains(parameter.name) {
      if let value = values.values[parameter.name], value != parameter.defaultValue {
        throw MSLError.withoutEffect(parameter.name, value: "\(value)", ats: ats.rawValue)
      }
    }
  }

  /// Computes the summed masked cross-entropy of some answers.
  ///
  /// - Returns: a sum in nats, each token times its factor, and times τ where it adapts; the weight is
  ///   the sum of the factors of all answer tokens, or where τ adapts of those with a choice.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the children's logits.
  public func loss(_ batch: AnswerBatch, factors: [Float]) throws(AnswerBatchError) -> LossTerms {
    let rows = batch.rowsWithChoice
    let choices = try batch.childLogits.rows(at: rows)
    let temperature = adaptive.map { Float($0.temperature) } ?? fixedTemperature
    let terms = LossTerms(
      losses: -(choices / temperature).targetLogProbabilities(), weights: rows.map { factors[$0] })
    guard adaptive == nil else {
      return LossTerms(sum: terms.sum * temperature, weight: terms.weight)
    }
    // A forced token costs nothing and counts.
    let weight = factors.reduce(0.0) { $0 + Double($1) }
    return LossTerms(sum: terms.sum, weight: Float(weight))
  }

  public mutating func observe(_ batch: AnswerBatch) throws { try adaptive?.observe(batch) }

  public mutating func stepEnded() { adaptive?.stepEnded() }

  public var state: [String: Double] {
    get { adaptive?.state ?? [:] }
    set { adaptive?.state = newValue }
  }
}

/// Why there is no MSL objective with some parameters.
public enum MSLError: BearLabError, Equatable {
  case withoutEffect(_ parameter: String, value: String, ats: String)
  case emptyRange(minimum: Double, maximum: Double)

  public var description: String {
    switch self {
    case .withoutEffect(let parameter, let value, let ats):
      "objective msl: \(parameter)=\(value) has no effect with ats=\(ats)"
    case .emptyRange(let minimum, let maximum):
      "objective msl: ats-min=\(minimum) is above ats-max=\(maximum)"
    }
  }

  public var remedy: String {
    switch self {
    case .withoutEffect("tau", _, _): "set ats-initial instead, or ats=off"
    case .withoutEffect(let parameter, _, _): "set ats=on, or leave \(parameter) out"
    case .emptyRange: "set ats-min to at most ats-max"
    }
  }
}

/// Registers the objective `msl`.
public enum MSLModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "msl", MSLObjective.self)
  }
}
