import BearLabStatistics
import Foundation
import Testing

/// `Golden/statistics.json`, computed by SciPy.
private struct Golden: Decodable {
  let cases: [Case]
  let holm: [Correction]

  struct Case: Decodable, CustomTestStringConvertible {
    let name: String
    let differences: [Double]
    let confidence: Double
    let t: Double?
    let pT: Double?
    let lower: Double?
    let upper: Double?
    let w: Double
    let pW: Double?
    let bootstrap: Bootstrap?

    var testDescription: String { name }
    var isZero: Bool { differences.allSatisfy { $0 == 0 } }
  }

  struct Bootstrap: Decodable {
    let confidence: Double
    let resamples: Int
    let seed: UInt64
    let lower: Double
    let upper: Double
    let p: Double
  }

  struct Correction: Decodable {
    let p: [Double]
    let corrected: [Double]
  }

  static func load() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "statistics", withExtension: "json", subdirectory: "Golden"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Golden.self, from: Data(contentsOf: url))
  }
}

/// Whether two numbers agree to 1e-9 of their size; so tiny p-values are compared as well.
private func agree(_ value: Double, _ expected: Double) -> Bool {
  abs(value - expected) <= 1e-9 * max(abs(expected), 1e-290)
}

@Suite struct StatisticsGoldenTests {
  @Test func theTTestIsThatOfSciPy() throws {
    for golden in try Golden.load().cases {
      let test = PairedTTest(golden.differences, confidence: golden.confidence)
      guard golden.differences.count > 1 else {
        #expect(test == nil && golden.t == nil, "\(golden.name)")
        continue
      }
      let found = try #require(test)
      guard !golden.isZero else {
        #expect(golden.t == nil && found.statistic == 0 && found.pValue == 1)
        #expect(found.lower == 0 && found.upper == 0)
        continue
      }
      #expect(agree(found.statistic, try #require(golden.t)), "\(golden.name) \(found)")
      #expect(agree(found.pValue, try #require(golden.pT)), "\(golden.name) \(found)")
      #expect(agree(found.lower, try #require(golden.lower)), "\(golden.name) \(found)")
      #expect(agree(found.upper, try #require(golden.upper)), "\(golden.name) \(found)")
    }
  }

  @Test func theSignedRankTestIsThatOfSciPy() throws {
    let cases = try Golden.load().cases
    for golden in cases {
      let found = WilcoxonSignedRank(golden.differences)
      #expect(agree(found.statistic, golden.w), "\(golden.name) \(found)")
      // SciPy has NaN for many zeros, and 1 for few.
      #expect(agree(found.pValue, golden.pW ?? 1), "\(golden.name) \(found)")
      #expect(golden.pW != nil || golden.isZero)
      #expect(found.differing == golden.differences.count { $0 != 0 })
    }
    // Both ways to p were seen, and exact p-values with ties among them.
    let exact = cases.filter { WilcoxonSignedRank($0.differences).isExact }.map(\.name)
    #expect(exact.contains("ties and zeros among thirteen") && exact.contains("fifty distinct"))
    #expect(!exact.contains("ties among fourteen") && !exact.contains("fifty-one distinct"))
  }

  @Test func theBootstrapIsThatOfTheScript() throws {
    let drawn = try Golden.load().cases.filter { $0.bootstrap != nil }
    #expect(drawn.count == 4)
    for golden in drawn {
      let expected = try #require(golden.bootstrap)
      let found = try #require(
        PairedBootstrap(
          golden.differences, confidence: expected.confidence, resamples: expected.resamples,
          seed: expected.seed))
      #expect(abs(found.lower - expected.lower) < 1e-12, "\(golden.name) \(found)")
      #expect(abs(found.upper - expected.upper) < 1e-12, "\(golden.name) \(found)")
      #expect(abs(found.pValue - expected.p) < 1e-12, "\(golden.name) \(found)")
    }
  }

  @Test func holmCorrects() throws {
    let corrections = try Golden.load().holm
    #expect(corrections.count == 4)
    for golden in corrections {
      let found = Holm.corrected(golden.p)
      #expect(found.count == golden.corrected.count)
      #expect(zip(found, golden.corrected).allSatisfy { abs($0 - $1) < 1e-15 }, "\(found)")
    }
    // By hand: 3 · 0.01, then 2 · 0.02, then the larger of that and 0.03.
    #expect(Holm.corrected([0.03, 0.01, 0.02]) == [0.04, 0.03, 0.04])
  }
}
