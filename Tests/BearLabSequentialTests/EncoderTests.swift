import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabSequential

/// `Golden/encoders.json`, written by `Golden/make_encoders.py` in double precision.
private struct Golden: Decodable {
  let items: Int
  let width: Int
  let length: Int
  let histories: [[Int]]
  let targets: [Int]
  let cases: [Case]

  struct Case: Decodable {
    let name: String
    let tensors: [String: Entry]
    let scores: [[Double]]
    let loss: Double
    let gradients: [String: [Float]]
  }

  struct Entry: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  static func load() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "encoders", withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }

  /// The network of a case, without dropout, with its weights.
  func encoder(_ example: Case) throws -> any SequenceEncoder {
    let encoder: any SequenceEncoder
    if let variant = GatedRecurrentEncoder.Variant(rawValue: example.name) {
      encoder = GatedRecurrentEncoder(
        variant, items: items, width: width, dropoutRate: 0, key: 1)
    } else {
      encoder = ConvolutionalEncoder(
        items: items, width: width, length: length, dropoutRate: 0, key: 1)
    }
    try StoredTensors(
      example.tensors.mapValues { .init(shape: $0.shape, values: $0.values) }
    ).restore(encoder.parameters)
    return encoder
  }
}

@Suite struct EncoderTests {
  @Test func encodersMatchTheReference() throws {
    let golden = try Golden.load()
    #expect(golden.cases.map(\.name) == ["dros", "recbole", "caser"])
    let windows = zip(golden.histories, golden.targets).map {
      Window(user: 1, history: $0, target: $1, timestamp: 0)
    }
    for example in golden.cases {
      for set in availableInstructionSets {
        try withCompute(threads: 2, instructionSet: set) {
          let encoder = try golden.encoder(example)
          let scores = SequentialRecommender(encoder, maxLength: golden.length)
          let own = try scores.scores(histories: golden.histories).flatMap { $0 }
          #expect(largestGap(own, example.scores.flatMap { $0 }) < 1e-5, "\(example.name), \(set)")
          let mean = NextItemLoss(kind: .ce)(TrainingBatch(windows: windows, key: 1), encoder)
          #expect(abs(Double(mean.scalars[0]) - example.loss) < 2e-6 * (1 + example.loss))
          mean.backward()
          for (name, tensor) in encoder.parameters {
            let reference = try #require(example.gradients[name])
            let gap = largestGap(try #require(tensor.gradient), reference)
            #expect(gap < 2e-5, "\(example.name), \(set), \(name)")
          }
        }
      }
    }
  }

  /// The state of a history is the same whatever else is in the batch, and however long that is.
  @Test func recurrentStatesDoNotDependOnTheBatch() {
    let encoder = GatedRecurrentEncoder(.dros, items: 9, width: 7, dropoutRate: 0, key: 3)
    func encode(_ histories: [[Int]]) -> [Float] {
      encoder.encode(histories, positions: .last, dropout: DropoutSource()).scalars
    }
    let alone = encode([[4, 2]])
    let together = encode([[1, 2, 3, 4, 5], [4, 2], [], [9]])
    #expect(largestGap(Array(together[7..<14]), alone) < 1e-6)
  }

  /// Items beyond the length change nothing; the order of two neighbours does.
  @Test func convolutionsSeeTheOrderOfTheLastItems() throws {
    try withCompute {
      let encoder = ConvolutionalEncoder(items: 9, width: 7, length: 5, dropoutRate: 0, key: 3)
      let recommender = SequentialRecommender(encoder, maxLength: 5)
      let scores = try recommender.scores(history: [1, 2, 3, 4, 5])
      #expect(try recommender.scores(history: [9, 8, 1, 2, 3, 4, 5]) == scores)
      #expect(try recommender.scores(history: [1, 2, 4, 3, 5]) != scores)
    }
  }

  /// Heights above the length of histories are left out.
  @Test func convolutionsOfShortHistories() throws {
    let encoder = ConvolutionalEncoder(items: 4, width: 2, length: 2, dropoutRate: 0, key: 3)
    #expect(encoder.head.weight.shape == [4, 18])
    let rows = encoder.encode([[1], [1, 2]], positions: .last, dropout: DropoutSource())
    #expect(rows.shape == [2, 18])
  }
}
