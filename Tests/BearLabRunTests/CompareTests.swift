import BearLabCore
import BearLabStatistics
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Runs compared row by row, on folders made by hand.
@Suite struct CompareTests {
  @Test func theFiguresAreThoseOfTheRows() throws {
    let comparison = try compare(
      [
        MeasuredRunFolder([
          .init(user: 1, rank: 0), .init(user: 2, rank: nil), .init(user: 3, rank: 1),
          .init(user: 4, rank: 9, isSeen: false),
        ]),
        MeasuredRunFolder([
          .init(user: 1, rank: nil), .init(user: 2, rank: nil), .init(user: 3, rank: 0),
          .init(user: 4, rank: 2, isSeen: false),
        ]),
      ], metrics: [.ndcg(5), .hitRatio(10)])
    #expect(
      comparison.tables.map { "\($0.metric.name) \($0.targets.rawValue) \($0.rows)" } == [
        "ndcg@5 all 4", "ndcg@5 seen 3", "ndcg@5 unseen 1", "hr@10 all 4", "hr@10 seen 3",
        "hr@10 unseen 1",
      ])
    // Gains 1, 0, 1 / log₂ 3, 0 and 0, 0, 1, 1 / 2.
    let table = comparison.tables[0]
    #expect(abs(table.means[0].mean - (1 + 1 / log2(3)) / 4) < 1e-15)
    #expect(abs(table.means[1].mean - 1.5 / 4) < 1e-15)
    let differences = [-1, 0, 1 - 1 / log2(3), 0.5]
    let pair = table.pairs[0]
    #expect(abs(pair.difference - differences.reduce(0, +) / 4) < 1e-15)
    #expect(pair.wilcoxon == WilcoxonSignedRank(differences) && pair.wilcoxon.differing == 3)
    #expect(pair.tTest == PairedTTest(differences))
    #expect(pair.bootstrap == PairedBootstrap(differences))
    #expect(comparison.tables[3].pairs[0].difference == -0.25)
    // One row has no spread, and no interval.
    let unseen = comparison.tables[2].pairs[0]
    #expect(unseen.bootstrap == nil && unseen.tTest == nil && unseen.correctedTTest == nil)
  }

  /// A plug-in's metric is a gain of each row, as NDCG is.
  @Test func aPluginsMetricIsCompared() throws {
    let metric = try ComparisonMetric(parsing: "reciprocal", registry: .withReciprocalRank())
    let comparison = try compare(
      [
        MeasuredRunFolder([.init(user: 1, rank: 0), .init(user: 2, rank: nil)]),
        MeasuredRunFolder([.init(user: 1, rank: 3), .init(user: 2, rank: 1)]),
      ], metrics: [metric])
    #expect(comparison.tables.map(\.metric.name) == ["reciprocal", "reciprocal"])
    #expect(comparison.tables[0].means.map(\.mean) == [0.5, 0.375])
    #expect(comparison.tables[0].pairs[0].wilcoxon == WilcoxonSignedRank([-0.75, 0.5]))
    #expect(comparison.text.contains("reciprocal") && !metric.isLowerBetter)
  }

  /// The same figures in other seeds are no difference, though their sums round otherwise.
  @Test func theOrderOfSeedsChangesNothing() throws {
    func series(_ ranks: [Int], in folder: String) throws -> String {
      for (place, rank) in ranks.enumerated() {
        let rows = (1...6).map { MeasuredRunFolder.Row(user: $0, rank: rank) }
        try MeasuredRunFolder(rows).replacing("seed: 42", with: "seed: \(place + 1)")
          .write(to: "\(folder)/seed-\(place + 1)")
      }
      try made(1).replacing("seeds: ''", with: "seeds: '1,2,3'").write(to: folder)
      return folder
    }
    try inFolder { folder in
      let there = try series([0, 1, 7], in: "\(folder)/there")
      let back = try series([0, 7, 1], in: "\(folder)/back")
      let comparison = try RunComparison(request([there, back], [.ndcg(10)]))
      #expect(comparison.tables[0].pairs[0].difference == 0)
      #expect(comparison.tables[0].pairs[0].wilcoxon.differing == 0)
    }
  }

  /// Without a cutoff longer lists have more places to gain at.
  @Test func listsOfOtherLengthsHaveOtherGains() throws {
    let rows = [MeasuredRunFolder.Row(user: 1, rank: 0), .init(user: 2, rank: 1)]
    let long = MeasuredRunFolder(rows).replacing("width: 10", with: "width: 20")
    let registry = try PluginRegistry.withReciprocalRank()
    let whole = try ComparisonMetric(parsing: "reciprocal", registry: registry)
    let error = #expect(throws: ComparisonError.self) {
      try compare([MeasuredRunFolder(rows), long], metrics: [whole])
    }
    guard case .otherLists(_, _, "reciprocal", [10, 20]) = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    #expect(try compare([long, long], metrics: [whole]).tables[0].means[0].mean == 0.75)
  }

  @Test func theOtherBaselineTurnsTheSigns() throws {
    let there = try compare([made(1), made(2)])
    let back = try compare([made(1), made(2)]) { $0.baseline = $0.runs[1] }
    #expect(there.tables.count == 9 && back.tables.count == 9)
    for (first, second) in zip(there.tables, back.tables) {
      let (pair, turned) = (first.pairs[0], second.pairs[0])
      #expect(pair.run.hasSuffix("/run-2") && turned.baseline.hasSuffix("/run-2"))
      #expect(pair.difference == -turned.difference)
      #expect(pair.bootstrap?.lower == turned.bootstrap.map { -$0.upper })
      #expect(pair.bootstrap?.pValue == turned.bootstrap?.pValue)
      #expect(pair.tTest?.pValue == turned.tTest?.pValue)
    }
  }

  @Test func theOrderOfRowsAndTheCallChangeNothing() throws {
    func figures(_ comparison: RunComparison) -> String {
      comparison.csv.replacing(/[^,]*\/run-/, with: "run-")
    }
    let text = try figures(compare([made(1), made(2)]))
    var shuffled = made(2)
    shuffled.rows["fine-tuned"]?.reverse()
    #expect(try figures(compare([made(1), shuffled])) == text)
    #expect(try figures(compare([made(1), made(2)]) { $0.seed = 7 }) != text)
  }

  @Test func seedsAreOneMethod() throws {
    let seeds = [made(1), made(2)].enumerated().map { place, run in
      run.replacing("seed: 42", with: "seed: \(place + 1)")
    }
    try inFolder { folder in
      for (place, run) in seeds.enumerated() {
        try run.write(to: "\(folder)/series/seed-\(place + 1)")
      }
      try made(3).replacing("seeds: ''", with: "seeds: '1,2'").write(to: "\(folder)/series")
      try seeds[0].write(to: "\(folder)/single")
      let comparison = try RunComparison(
        request(["\(folder)/single", "\(folder)/series"], [.itemNLL]))
      let means = comparison.tables[0].means
      #expect(means[1].seedMeans.count == 2 && means[0].deviation == nil)
      #expect(means[1].seedMeans[0] == means[0].mean)
      #expect(abs(means[1].mean - means[1].seedMeans.reduce(0, +) / 2) < 1e-15)
      let half = abs(means[1].seedMeans[0] - means[1].seedMeans[1]) / 2
      #expect(abs((means[1].deviation ?? 0) - half * 2.0.squareRoot()) < 1e-12)
      #expect(
        comparison.notes == [
          "the seeds differ: \(folder)/single has 1, \(folder)/series has 1, 2"
        ])
      #expect(comparison.text.contains("| std. dev. |"))
      try FileManager.default.removeItem(atPath: "\(folder)/series/seed-2")
      #expect(throws: ComparisonError.missingSeeds(path: "\(folder)/series", seeds: [2])) {
        try RunComparison(request(["\(folder)/single", "\(folder)/series"]))
      }
    }
  }

  @Test func everyTwoRunsAreComparedAndCorrected() throws {
    let comparison = try compare([made(1), made(2), made(5)]) { $0.isAllPairs = true }
    for table in comparison.tables {
      #expect(table.pairs.count == 3)
      #expect(
        table.pairs.map(\.correctedWilcoxon)
          == Holm.corrected(table.pairs.map(\.wilcoxon.pValue)).map { $0 })
      #expect(
        table.pairs.map(\.correctedTTest)
          == Holm.corrected(table.pairs.compactMap { $0.tTest?.pValue }).map { $0 })
    }
    #expect(comparison.text.contains("| pair "))
  }

  @Test func otherRowsOfARunHaveAName() throws {
    var run = made(3)
    run.rows["popularity"] = MeasuredRunFolder.rows(1).map {
      var row = $0
      row.itemNLL = nil
      return row
    }
    try inFolder { folder in
      try run.write(to: "\(folder)/a")
      let comparison = try RunComparison(request(["\(folder)/a", "\(folder)/a:popularity"]))
      #expect(comparison.tables.map(\.metric.name).contains("hr@10"))
      #expect(!comparison.tables.contains { $0.metric == .itemNLL })
      #expect(comparison.notes == ["\(folder)/a:popularity has no item_nll"])
      #expect(throws: ComparisonError.noLikelihoods(run: "\(folder)/a:popularity")) {
        try RunComparison(request(["\(folder)/a", "\(folder)/a:popularity"], [.itemNLL]))
      }
      #expect(
        throws: ComparisonError.noRows(
          path: "\(folder)/a", name: "sasrec", available: ["fine-tuned", "popularity"])
      ) {
        try RunComparison(request(["\(folder)/a", "\(folder)/a:sasrec"]))
      }
    }
  }

  @Test func anotherWayOfMeasuringIsNoted() throws {
    let wide = made(2).replacing("width: 10", with: "width: 20")
      .replacing("precision: f32", with: "precision: bf16")
    let notes = try compare([made(1), wide]).notes
    #expect(
      notes.count == 1
        && notes[0].hasSuffix(": decoder.width 20 instead of 10, precision bf16 instead of f32"))
  }

  @Test func csvAndJSONHoldEveryPair() throws {
    let comparison = try compare([made(1), made(2), made(3)])
    let lines = comparison.csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(lines.count == 1 + 18 && lines.allSatisfy { $0.count == lines[0].count })
    let column = try #require(lines[0].firstIndex(of: "p_wilcoxon"))
    #expect(Double(lines[1][column]) == comparison.tables[0].pairs[0].wilcoxon.pValue)
    #expect(CSVField.text("a,\"b\"") == "\"a,\"\"b\"\"\"")
    struct Document: Decodable {
      let tables: [Table]
      struct Table: Decodable {
        let metric: String
        let better: String
        let comparisons: [[String: JSONScalar]]
      }
    }
    let document = try JSONDecoder().decode(Document.self, from: Data(comparison.json.utf8))
    #expect(
      document.tables.map(\.better) == ["higher", "higher", "lower"].flatMap { [$0, $0, $0] })
    #expect(
      document.tables[8].comparisons[1]["difference"]?.number
        == comparison.tables[8].pairs[1].difference)
  }

  // MARK: Support

  private func made(_ variant: Int) -> MeasuredRunFolder {
    MeasuredRunFolder(MeasuredRunFolder.rows(variant))
  }
}

/// The reciprocal rank, a metric that is not built in.
private struct ReciprocalRank: Metric {
  static let summary = "reciprocal rank"
  static let parameters: [Parameter] = []

  init(_ values: ParameterValues) throws {}

  func gain(rank: Int?) -> Double { rank.map { 1 / Double($0 + 1) } ?? 0 }
}

private enum ReciprocalRankModule: PluginModule {
  static func register(in registry: PluginRegistry) throws {
    try registry.register(metric: "reciprocal", ReciprocalRank.self)
  }
}

extension PluginRegistry {
  /// The built-in plug-ins, and a metric called `reciprocal`.
  static func withReciprocalRank() throws -> PluginRegistry {
    let registry = try PluginRegistry.builtin()
    try registry.add(ReciprocalRankModule.self)
    return registry
  }
}

/// Asks for a comparison of folders.
func request(_ runs: [String], _ metrics: [ComparisonMetric]? = nil) -> RunComparison.Request {
  var request = RunComparison.Request(runs: runs)
  request.metrics = metrics
  return request
}

/// Calls `body` with an empty folder.
func inFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "compare-\(UUID())").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Compares runs in folders called `run-1`, `run-2`, ….
func compare(
  _ runs: [MeasuredRunFolder], metrics: [ComparisonMetric]? = nil,
  _ change: (inout RunComparison.Request) -> Void = { _ in }
) throws -> RunComparison {
  var result: RunComparison?
  try inFolder { folder in
    let paths = try runs.enumerated().map { place, run in
      try run.write(to: "\(folder)/run-\(place + 1)")
      return "\(folder)/run-\(place + 1)"
    }
    var asked = request(paths, metrics)
    change(&asked)
    result = try RunComparison(asked)
  }
  return try #require(result)
}
