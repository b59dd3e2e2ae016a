import BearLabCore
import BearLabTensor

/// A researcher's own objective, in a module of its own: focal loss (Lin et al., 2017).
///
///     loss = Σ (1 − p)^γ · −log p / rows
struct FocalObjective: Objective {
  static let summary = "cross-entropy that looks away from what is easy"
  static let parameters: [Parameter] = [
    .integer("gamma", default: 2, in: 0...5, "how far it looks away")
  ]
  private let gamma: Int

  init(_ values: ParameterValues) throws { gamma = try values["gamma"] }

  var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }

  func loss(_ batch: AnswerBatch) throws -> LossTerms {
    let logProbabilities = try batch.childLogits.targetLogProbabilities()
    let missing = 1 - logProbabilities.exp()
    let terms = (0..<gamma).reduce(-logProbabilities) { product, _ in product * missing }
    return LossTerms(sum: terms.sum(), weight: Float(batch.rowCount))
  }
}

enum FocalModule: PluginModule {
  static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "focal", FocalObjective.self)
  }
}
