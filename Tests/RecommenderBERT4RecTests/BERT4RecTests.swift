import BearLabCore
import BearLabNN
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import RecommenderBERT4Rec

/// `Golden/bert4rec.json`, written by `Golden/make_bert4rec.py` in double precision.
private struct Golden: Decodable {
  let items: Int
  let width: Int
  let length: Int
  let histories: [[Int]]
  let sequences: [[Int]]
  let places: [[Int]]
  let answers: [[Int]]
  let tensors: [String: Entry]
  let scores: [[Double]]
  let loss: Double
  let gradients: [String: [Float]]

  struct Entry: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  static func load() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "bert4rec", withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }
}

private func bert4rec(_ values: [String: ParameterValue]) throws -> BERT4RecRecommender {
  var all: [String: ParameterValue] = [
    "width": .integer(16), "batch-size": .integer(20), "learning-rate": .real(0.01),
    "epochs": .integer(60), "patience": .integer(60), "max-length": .integer(4),
    "dropout": .real(0.1),
  ]
  all.merge(values) { $1 }
  return try BERT4RecRecommender(all)
}

@Suite struct BERT4RecTests {
  @Test func scoresLossAndGradientsMatchTheReference() throws {
    let golden = try Golden.load()
    let recommender = try bert4rec([
      "width": .integer(golden.width), "max-length": .integer(golden.length),
      "dropout": .real(0), "attention-dropout": .real(0),
    ])
    let stored = StoredTensors(
      golden.tensors.mapValues { .init(shape: $0.shape, values: $0.values) })
    for set in availableInstructionSets {
      try withCompute(threads: 2, instructionSet: set) {
        let encoder = try recommender.encoder(items: golden.items, seed: 0)
        #expect(Set(encoder.parameters.map(\.name)) == Set(golden.tensors.keys))
        try stored.restore(encoder.parameters)
        let fitted = SequentialRecommender(encoder, maxLength: golden.length)
        let scores = try fitted.scores(histories: golden.histories).flatMap { $0 }
        #expect(largestGap(scores, golden.scores.flatMap { $0 }) < 1e-5)
        let outputs = encoder.outputs(
          golden.sequences, at: golden.places, dropout: DropoutSource())
        let answers = golden.answers.flatMap { $0.map { $0 - 1 } }
        let losses = encoder.head(outputs).crossEntropy(targets: answers)
        let loss = losses.sum() / (Float(answers.count) + 1e-5)
        #expect(abs(Double(loss.scalars[0]) - golden.loss) < 1e-5)
        loss.backward()
        for (name, tensor) in encoder.parameters {
          let reference = try #require(golden.gradients[name])
          #expect(largestGap(tensor.gradient ?? [], reference) < 3e-5, "\(set), \(name)")
        }
      }
    }
  }

  @Test(arguments: ["feisun", "bert"])
  func aCycleIsLearned(masking: String) throws {
    let problems = try withCompute {
      try RecommenderConformance.problems(of: bert4rec(["masking": .text(masking)]))
    }
    #expect(problems == [])
  }

  /// Positions matter, and the future is seen: a later item changes what is at an earlier MASK.
  @Test func attentionGoesBothWays() throws {
    let encoder = try bert4rec([:]).encoder(items: 5, seed: 1)
    func output(_ sequence: [Int], _ place: Int) -> [Float] {
      encoder.outputs([sequence], at: [[place]], dropout: DropoutSource()).scalars
    }
    let before = output([1, encoder.maskItem, 3, 4], 1)
    #expect(output([1, encoder.maskItem, 4, 3], 1) != before)
    #expect(output([1, encoder.maskItem, 3, 5], 1) != before)
  }

  @Test func fixedNumbersOfPlacesAreMasked() {
    let cloze = Cloze(rule: .feisun, rate: 0.4)
    var random = CounterGenerator(key: 1)
    var seen: Set<Int> = []
    for _ in 0..<200 {
      let masked = cloze.masked([1, 2, 3, 4, 5], items: 9, using: &random)
      #expect(masked.places.count == 2)
      #expect(masked.answers == masked.places.map { $0 + 1 })
      for place in 0..<5 {
        #expect(masked.items[place] == (masked.places.contains(place) ? 10 : place + 1))
      }
      seen.formUnion(masked.places)
    }
    #expect(seen.count == 5)
    #expect(
      cloze.masked([7], items: 9, using: &random)
        == Cloze.Masked(items: [10], places: [0], answers: [7]))
  }

  /// Shares of 0.3 hidden, and of these 0.8 MASK and 0.1 + 0.1/9 as they were; four deviations.
  @Test func placesAreMaskedEachByItself() {
    let cloze = Cloze(rule: .bert, rate: 0.3)
    var random = CounterGenerator(key: 1)
    let sequence = [Int](repeating: 3, count: 20)
    let all = (0..<500).map { _ in cloze.masked(sequence, items: 9, using: &random) }
    let hidden = all.flatMap { masked in masked.places.map { masked.items[$0] } }
    #expect((2820...3180).contains(hidden.count))
    let share = Double(hidden.count { $0 == 10 }) / Double(hidden.count)
    #expect((0.77...0.83).contains(share))
    let kept = Double(hidden.count { $0 == 3 }) / Double(hidden.count)
    #expect((0.088...0.135).contains(kept))
    #expect(all.allSatisfy { !$0.places.isEmpty && Set($0.answers) == [3] })
  }
}

@Test func bert4recIsRegistered() throws {
  let registry = PluginRegistry()
  try registry.add(BERT4RecModule.self)
  #expect(try registry.recommenders.find("bert4rec") == BERT4RecRecommender.self)
}
