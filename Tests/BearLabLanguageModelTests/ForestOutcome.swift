import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport

/// The hidden states of all paths of a forest and the gradients of a random linear function.
struct ForestOutcome {
  /// Path by path.
  let hidden: [Float]
  /// LoRA's by name, and that of the vectors as `slots`.
  let gradients: [String: [Float]]

  init(of forest: RandomForest, in tiny: TinyModel, dropout: Double, asForest: Bool) throws {
    try self.init(
      of: forest, in: tiny, adapter: tiny.makeAdapter(dropout: dropout),
      injected: RandomForest.makeVectors(), asForest: asForest)
  }

  init(
    of forest: RandomForest, in tiny: TinyModel, adapter: LoRAAdapter, injected: InjectedVectors,
    asForest: Bool
  ) throws {
    let dropout = DropoutKey(seed: 3, step: 1)
    let groups = asForest ? [forest.paths] : forest.paths.map { [$0] }
    var hidden: [Float] = []
    var random = SeededGenerator(31)
    for paths in groups {
      var nodes = TokenForest()
      let asked = paths.flatMap { nodes.insert($0) }
      let states = try tiny.model.hiddenStates(
        of: asked, in: nodes, adapter: adapter, dropout: dropout, injected: injected)
      let coefficients = (0..<states.count).map { _ in Float.random(in: -1...1, using: &random) }
      (states * Tensor(coefficients, shape: states.shape)).sum().backward()
      hidden += states.scalars
    }
    self.hidden = hidden
    var gradients: [String: [Float]] = [:]
    for (name, tensor) in adapter.parameters { gradients[name] = tensor.gradient }
    gradients["slots"] = injected.vectors.gradient
    self.gradients = gradients
  }
}
