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
public struct MSLObjective: Objective {
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
  /// - Returns: a sum in nats, times τ where it adapts; the weight is the number of all answer
  ///   tokens, or where τ adapts of those with a choice.
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` without the children's logits.
  public func loss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let rows = batch.rowsWithChoice
    let choices = try batch.childLogits.rows(at: rows)
    guard let adaptive else {
      let logProbabilities = (choices / fixedTemperature).targetLogProbabilities()
      return LossTerms(sum: -logProbabilities.sum(), weight: Float(batch.rowCount))
    }
    let temperature = Float(adaptive.temperature)
    let logProbabilities = (choices / temperature).targetLogProbabilities()
    return LossTerms(sum: -logProbabilities.sum() * temperature, weight: Float(rows.count))
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
