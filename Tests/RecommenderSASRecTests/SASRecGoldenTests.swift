import BearLabCore
import BearLabSequential
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import RecommenderSASRec

/// `Golden/sasrec.json`, written by `Golden/make_sasrec.py` in double precision.
struct SASRecGolden: Decodable {
  let items: Int
  let width: Int
  let length: Int
  let histories: [[Int]]
  let targets: [Int]
  let cases: [Case]

  struct Case: Decodable {
    let variant: String
    let blocks: Int
    let heads: Int
    let normFirst: Bool
    let tensors: [String: Entry]
    let scores: [[Double]]
    let losses: [Loss]
  }

  struct Entry: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  struct Loss: Decodable {
    let positions: String
    let loss: Double
    let gradients: [String: [Float]]
  }

  static func load() throws -> SASRecGolden {
    let url = try #require(
      Bundle.module.url(forResource: "sasrec", withExtension: "json", subdirectory: "Golden"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(SASRecGolden.self, from: Data(contentsOf: url))
  }

  /// The recommender of a case, without dropout.
  func recommender(_ example: Case, positions: String = "last") throws -> SASRecRecommender {
    try SASRecRecommender([
      "variant": .text(example.variant), "blocks": .integer(example.blocks),
      "heads": .integer(example.heads), "norm-first": .flag(example.normFirst),
      "width": .integer(width), "max-length": .integer(length), "dropout": .real(0),
      "loss": .text("ce"), "loss-positions": .text(positions),
    ])
  }
}

@Test func scoresMatchTheReference() throws {
  let golden = try SASRecGolden.load()
  let catalogue = Catalogue(itemTitles: (1...golden.items).map(String.init))
  #expect(golden.cases.count == 4)
  for example in golden.cases {
    let stored = StoredTensors(
      example.tensors.mapValues { .init(shape: $0.shape, values: $0.values) })
    for set in availableInstructionSets {
      try withCompute(threads: 2, instructionSet: set) {
        let fitted = try golden.recommender(example).restore(stored, catalogue: catalogue)
        #expect(Set(fitted.tensors.map(\.name)) == Set(example.tensors.keys))
        let scores = try fitted.scores(histories: golden.histories)
        let gap = largestGap(scores.flatMap { $0 }, example.scores.flatMap { $0 })
        #expect(gap < 1e-5, "\(example.variant), \(set)")
      }
    }
  }
}

@Test func lossesAndGradientsMatchTheReference() throws {
  let golden = try SASRecGolden.load()
  let windows = zip(golden.histories, golden.targets).map {
    Window(user: 1, history: $0, target: $1, timestamp: 0)
  }
  var compared = 0
  for example in golden.cases {
    for expected in example.losses {
      let recommender = try golden.recommender(example, positions: expected.positions)
      let encoder = try recommender.encoder(items: golden.items, seed: 0)
      for (name, tensor) in encoder.parameters {
        tensor.replace(with: try #require(example.tensors[name]).values)
      }
      let loss = NextItemLoss(
        kind: .ce, positions: try #require(OutputPositions(rawValue: expected.positions)))
      let mean = loss(TrainingBatch(windows: windows, key: 1), encoder)
      #expect(abs(Double(mean.scalars[0]) - expected.loss) < 2e-6 * (1 + expected.loss))
      mean.backward()
      for (name, tensor) in encoder.parameters {
        let own = tensor.gradient ?? [Float](repeating: 0, count: tensor.count)
        let reference = try #require(expected.gradients[name])
        let gap = largestGap(own, reference)
        #expect(gap < 2e-5, "\(example.variant), \(expected.positions), \(name)")
        compared += 1
      }
    }
  }
  #expect(compared == 2 * golden.cases.reduce(0) { $0 + $1.tensors.count })
}
