import BearLabCore
import BearLabLanguageModel
import Foundation
import Testing

@testable import BearLabRun

/// Two layers without meaning, of the shapes that LoRA needs.
private func emptyModel() throws -> LanguageModel {
  let shape = LanguageModelShape(
    layerCount: 2, width: 4, feedForwardWidth: 6, headCount: 2, kvHeadCount: 1, headWidth: 2,
    vocabularySize: 5, contextLength: 8, normEpsilon: 1e-5, ropeTheta: 100)
  return try LanguageModel(shape: shape, tiedHead: true) { name in
    [Float](repeating: 1, count: shape.extents(of: name).reduce(1, *))
  }
}

private func file(
  formula: String = "A[i,j] = cos(0.2 i + 0.3 j + 0.4)/sqrt(in_features), B = 0",
  targets: String = #"["down_proj"]"#, dropout: Double = 0, betas: String = "[0.8, 0.99]"
) throws -> TrajectoryFile {
  let text = """
    {"lora": {"rank": 2, "alpha": 4, "targets": \(targets), "dropout": \(dropout),
       "A_init": "\(formula)"},
     "optimizer": {"adamw": {"lr": 0.01, "betas": \(betas), "eps": 1e-7, "weight_decay": 0.1}},
     "batch": "defaults (B=5, xi=1.5, lambda=0.125, tau=1); mean", "runs": []}
    """
  return try withTemporaryFolder(["file.json": text]) { folder in
    try GoldenFolder(path: folder).read("file.json")
  }
}

@Test func theStartFollowsTheFormula() throws {
  let adapter = try file().lora.adapter(for: emptyModel())
  let a = try adapter.weight(named: "1.mlp.down_proj.lora_A")
  #expect(a.count == 12)
  for (place, value) in a.enumerated() {
    let expected = cos(0.2 * Double(place / 6) + 0.3 * Double(place % 6) + 0.4) / 6.0.squareRoot()
    #expect(abs(Double(value) - expected) < 1e-7)
  }
  #expect(try adapter.weight(named: "0.mlp.down_proj.lora_B") == [Float](repeating: 0, count: 8))
  for name in ["2.mlp.down_proj.lora_A", "0.mlp.up_proj.lora_A", "0.mlp.down_proj.bias", ""] {
    #expect(throws: GoldenError.self) { try adapter.weight(named: name) }
  }
}

@Test func settingsAreTheFiles() throws {
  let golden = try file()
  let settings = try golden.optimizer.settings
  #expect(settings.learningRate == 0.01 && settings.clipNorm == nil)
  #expect(settings.schedule == .constant && settings.normaliseGroup == nil)
  #expect(settings.optimizer.beta1 == 0.8 && settings.optimizer.beta2 == 0.99)
  #expect(settings.optimizer.epsilon == 1e-7 && settings.optimizer.weightDecay == 0.1)
  let defaults = golden.objectiveDefaults.mapValues(\.value)
  #expect(
    defaults == [
      "B": .integer(5), "xi": .real(1.5), "lambda": .real(0.125), "tau": .integer(1),
    ])
}

@Test func whatCannotBeRepeatedIsRefused() throws {
  let model = try emptyModel()
  let files = [
    try file(formula: "A is random"), try file(targets: #"["lm_head"]"#), try file(dropout: 0.05),
  ]
  for golden in files {
    #expect(throws: GoldenError.self) { try golden.lora.adapter(for: model) }
  }
  #expect(throws: GoldenError.self) { try file(betas: "[0.9]").optimizer.settings }
}

@Test func defaultsOfOtherObjectivesAreLeftOut() throws {
  let registry = try PluginRegistry.builtin()
  let golden = GoldenObjective(name: "msl", parameters: ["tau": GoldenValue(.real(0.7))])
  let type = try #require(try golden.type(in: registry))
  let whole = golden.adding(try file().objectiveDefaults, declaredBy: type)
  #expect(whole.parameters.mapValues(\.value) == ["tau": .real(0.7)])
  let bear = GoldenObjective(name: "bear_weighted", parameters: [:])
  let bearType = try #require(try bear.type(in: registry))
  let full = bear.adding(try file().objectiveDefaults, declaredBy: bearType)
  #expect(full.parameters.keys.sorted() == ["B", "lambda", "tau", "xi"])
  _ = try full.make(bearType)
}
