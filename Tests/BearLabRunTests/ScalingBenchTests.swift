import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// `bench scaling` on the tiny model, with a clock that tells what the tests say.
@Suite struct ScalingBenchTests {
  private static let plan = ScalingBench.Plan(
    sizes: [.titles: [20, 40], .history: [1, 2], .users: [1, 2], .rank: [1, 4]],
    usual: [.titles: 20, .history: 1, .users: 1, .rank: 2], repetitions: 2)

  /// Trie, two steps and two searches a size; of two repetitions the faster counts.
  ///
  /// Without a trie but for the titles, and without searches for the rank.
  @Test func exponentsAreThoseOfTheSeconds() throws {
    var seconds: [Double] = [1, 9, 3, 5, 5] + [4, 6, 7, 5, 6]  // titles
    seconds += [2, 2, 1, 1] + [8, 9, 1, 2]  // history
    seconds += [1, 1, 4, 4] + [1, 1, 2, 2]  // users
    seconds += [3, 4] + [6, 9]  // rank
    let report = try run(seconds)
    #expect(
      report.curves.map(\.over) == ["titles", "titles", "titles"]
        + ["history", "history", "users", "users", "rank"])
    #expect(
      report.curves.map(\.work)
        == [.trie, .step, .search, .step, .search, .step, .search, .step])
    let expected = [2, 1, 0, 2, 0, 0, -1, 0.5]
    #expect(report.curves.count == expected.count)
    for (curve, exponent) in zip(report.curves, expected) {
      #expect(abs(curve.exponent - exponent) < 1e-12)
      #expect(abs(curve.lastExponent - exponent) < 1e-12)
    }
    let table = try #require(report.text.components(separatedBy: "\n\n").dropFirst().first)
    #expect(
      table == """
        | titles          | trie building, s | training step, s | search, s |
        | --------------- | ---------------: | ---------------: | --------: |
        | 20              |            1.000 |            3.000 |     5.000 |
        | 40              |            4.000 |            6.000 |     5.000 |
        | exponent        |             2.00 |             1.00 |      0.00 |
        | of the last two |             2.00 |             1.00 |      0.00 |
        """)
    struct Document: Decodable {
      struct Curve: Decodable {
        let over: String
        let exponent: Double
      }
      let curves: [Curve]
    }
    let document = try JSONDecoder().decode(Document.self, from: Data(report.json().utf8))
    #expect(document.curves.map(\.over) == report.curves.map(\.over))
    #expect(document.curves[0].exponent == report.curves[0].exponent)
  }

  /// y = x², then y = x³ on the last doubling; by hand the slope over 1, 2, 4 is 2.5.
  @Test func theExponentIsTheSlopeOfTheLine() {
    let curve = ScalingReport.Curve(
      over: "users", work: .step,
      points: [(1, 1.0), (2, 4), (4, 32)].map { .init(size: $0.0, seconds: $0.1) })
    #expect(abs(curve.exponent - 2.5) < 1e-12)
    #expect(abs(curve.lastExponent - 3) < 1e-12)
  }

  @Test func theDataAreAsTheSeedSaysAndOfTheSizesAskedFor() throws {
    try withTinyCache { cache in
      let encoder = try tinyExperiment(cache: cache).loaded.encoder
      func make(_ seed: UInt64) throws -> Dataset {
        try SyntheticDataset(encoder: encoder, seed: seed)
          .make(titles: 300, historyLength: 5, windows: 7)
      }
      let data = try make(1)
      let titles = data.catalogue.titles
      #expect(titles.count == 300 && data.catalogue.itemCount == 300)
      #expect(titles.allSatisfy { 3...12 ~= $0.split(separator: " ").count })
      #expect(data.train.count == 7 && data.test.count == 7 && data.train != data.test)
      for window in data.train + data.test {
        #expect(window.history.count == 5)
        #expect((window.history + [window.target]).allSatisfy { data.catalogue.contains($0) })
      }
      #expect(try make(1).catalogue == data.catalogue && make(1).test == data.test)
      #expect(try make(2).catalogue != data.catalogue)
    }
  }

  private func run(_ seconds: [Double]) throws -> ScalingReport {
    var times: [Duration] = []
    var elapsed = 0.0
    for length in seconds {
      times += [.seconds(elapsed), .seconds(elapsed + length)]
      elapsed += length + 100
    }
    return try withTinyCache { cache in
      let registry = try PluginRegistry.builtin()
      let loaded = try tinyExperiment(cache: cache).loaded
      var told: [String] = []
      let bench = try ScalingBench([], registry: registry, loaded: loaded, plan: Self.plan) {
        times.removeFirst()
      }
      let report = try withCompute { try bench.run { told.append($0) } }
      #expect(times.isEmpty)
      #expect(told.first == "titles 20" && told.last == "rank 4" && told.count == 8)
      return report
    }
  }
}
