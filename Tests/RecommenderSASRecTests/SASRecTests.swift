import BearLabCore
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Testing

@testable import RecommenderSASRec

private func sasrec(_ values: [String: ParameterValue]) throws -> SASRecRecommender {
  var all: [String: ParameterValue] = [
    "width": .integer(16), "batch-size": .integer(20), "learning-rate": .real(0.01),
    "epochs": .integer(30), "max-length": .integer(4), "heads": .integer(2),
  ]
  all.merge(values) { $1 }
  return try SASRecRecommender(all)
}

@Test(arguments: [
  ["variant": "pmixer"], ["variant": "pmixer", "loss": "ce", "loss-positions": "all"],
  ["variant": "dros", "loss": "bpr"], ["variant": "recbole"],
])
func aCycleIsLearned(values: [String: String]) throws {
  var given = values.mapValues { ParameterValue.text($0) }
  given["dropout"] = .real(0.1)
  let problems = try withCompute { try RecommenderConformance.problems(of: sasrec(given)) }
  #expect(problems == [])
}

@Suite struct Encoders {
  /// Gradients through a whole network, dropout included, as its masks are fixed by the key.
  @Test(arguments: ["pmixer", "dros", "recbole"], NextItemLossKind.allCases)
  func gradientsMatchFiniteDifferences(variant: String, kind: NextItemLossKind) throws {
    let recommender = try sasrec(["variant": .text(variant), "dropout": .real(0.2)])
    let encoder = try recommender.encoder(items: 5, seed: 3)
    let windows = Array(cycleData().train.prefix(15))
    let names = encoder.parameters.map(\.name)
    // Item vectors and projections of different depths; weights of about 1, so that terms count.
    let chosen = names.filter { $0.hasSuffix("items/weight") || $0.contains("blocks/0") }
    let tensors = encoder.parameters.filter { chosen.contains($0.name) }.map(\.tensor)
    var random = SeededGenerator(2)
    for tensor in encoder.parameters.map(\.tensor) {
      tensor.replace(with: tensor.scalars.map { $0 + Float.random(in: -0.3...0.3, using: &random) })
    }
    let loss = NextItemLoss(kind: kind, positions: .last, isDROS: variant == "dros")
    let start = tensors.map(\.scalars)
    func value(_ step: Float, _ direction: [[Float]]) -> Double {
      for (index, tensor) in tensors.enumerated() {
        tensor.replace(with: zip(start[index], direction[index]).map { $0 + step * $1 })
      }
      return Double(loss(TrainingBatch(windows: windows, key: 5), encoder).scalars[0])
    }
    loss(TrainingBatch(windows: windows, key: 5), encoder).backward()
    let slopes = tensors.map { $0.gradient ?? [] }
    let norm = slopes.joined().reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    // Along the gradient: the derivative is its norm.
    let direction = slopes.map { $0.map { $0 / Float(norm) } }
    let step: Float = 2e-2
    let numeric =
      (8 * (value(step, direction) - value(-step, direction))
        - (value(2 * step, direction) - value(-2 * step, direction))) / (12 * Double(step))
    #expect(abs(numeric - norm) < 0.02 * norm, "\(variant), \(kind): \(numeric) for \(norm)")
  }

  /// An item changes no output before it, and the outputs from it on.
  @Test(arguments: ["pmixer", "dros", "recbole"])
  func outputsAreCausal(variant: String) throws {
    try withCompute {
      let encoder = try sasrec(["variant": .text(variant), "blocks": .integer(2)])
        .encoder(items: 5, seed: 3)
      func outputs(_ history: [Int]) -> [Float] {
        encoder.encode([[2, 3], history], positions: .all, dropout: DropoutSource()).scalars
      }
      let (before, after) = (outputs([1, 2, 3, 4]), outputs([1, 2, 5, 4]))
      #expect(before.count == 6 * 16)
      #expect(Array(before[..<64]) == Array(after[..<64]))
      #expect(before[64..<80] != after[64..<80])
      #expect(before[80...] != after[80...])
    }
  }

  /// The last output alone is the last of all outputs.
  @Test(arguments: ["pmixer", "dros", "recbole"])
  func lastOutputsAreThoseOfAll(variant: String) throws {
    let encoder = try sasrec(["variant": .text(variant), "blocks": .integer(2)])
      .encoder(items: 5, seed: 3)
    let histories = [[1, 2, 3, 4], [5], [2, 4]]
    let all = encoder.encode(histories, positions: .all, dropout: DropoutSource())
    let last = encoder.encode(histories, positions: .last, dropout: DropoutSource())
    #expect(largestGap(last.scalars, all.rows(at: [3, 4, 6]).scalars) < 1e-5)
  }

  @Test func headsMustDivideTheWidth() throws {
    #expect(throws: SequentialError.heads(3, width: 16)) {
      try sasrec(["heads": .integer(3)]).fit(cycleData())
    }
  }
}

@Test func foreignTensorsAreRefused() throws {
  let recommender = try sasrec(["epochs": .integer(1)])
  let fitted = try recommender.fit(cycleData())
  let stored = StoredTensors(fitted.tensors)
  #expect(
    throws: StoredTensorError.shape("items/weight", stored: [5, 16], expected: [2, 16])
  ) {
    try recommender.restore(stored, catalogue: Catalogue(itemTitles: ["a", "b"]))
  }
  #expect(throws: StoredTensorError.missing("positions/weight")) {
    try recommender.restore(
      StoredTensors(fitted.tensors.filter { $0.name != "positions/weight" }),
      catalogue: cycleData().catalogue)
  }
}

@Test func sasrecIsRegistered() throws {
  let registry = PluginRegistry()
  try registry.add(SASRecModule.self)
  #expect(try registry.recommenders.find("sasrec") == SASRecRecommender.self)
}
