public import BearLabCore
internal import BearLabTensor

/// Focal loss over the tokens that the item trie allows.
///
///     loss = Σ (1 − p)^γ · −log p / rows        p: probability of the right token
///
/// - Source: Lin et al., "Focal Loss for Dense Object Detection", 2017.
public struct TemplateObjective: Objective {
  public static let summary = "cross-entropy that looks away from what is easy"
  public static let parameters: [Parameter] = [
    .integer("gamma", default: 2, in: 0...5, "how far it looks away from what is easy")
  ]
  private let gamma: Int

  public init(_ values: ParameterValues) throws { gamma = try values["gamma"] }

  /// The logits of the tokens that the trie allows; decoding then has the same constraint.
  public var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }

  /// A sum and a weight, both additive over samples: the trainer divides the one by the other.
  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    let logProbabilities = try batch.childLogits.targetLogProbabilities()
    let missing = 1 - logProbabilities.exp()
    let losses = (0..<gamma).reduce(-logProbabilities) { product, _ in product * missing }
    return LossTerms(sum: losses.sum(), weight: Float(batch.rowCount))
  }
}

/// Registers the objective `template`.
public enum TemplateObjectiveModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "template", TemplateObjective.self)
  }
}
