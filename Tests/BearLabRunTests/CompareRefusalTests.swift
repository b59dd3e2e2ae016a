import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// What cannot be compared, and the reason given.
@Suite struct CompareRefusalTests {
  private let rows = MeasuredRunFolder.rows(1)

  @Test func otherUsersAreCountedAndNamed() throws {
    let (first, second) = (MeasuredRunFolder(rows), MeasuredRunFolder(Array(rows.dropFirst(3))))
    let error = try refusal(first, second)
    guard case .otherRows(_, _, let onlyFirst, let onlySecond, let shared, let examples) = error
    else { return #expect(Bool(false), "\(error)") }
    #expect((onlyFirst, onlySecond, shared) == (3, 0, 37))
    #expect(
      examples == ["user 1, target 101, timestamp 10", "user 2, target 102, timestamp 20"])
  }

  @Test func otherDataAreNamed() throws {
    let changed = MeasuredRunFolder(rows).replacing(
      "test.csv-sha256: b0", with: "test.csv-sha256: b1")
    guard case .otherData(_, _, let files) = try refusal(MeasuredRunFolder(rows), changed) else {
      return #expect(Bool(false))
    }
    #expect(files == ["test.csv"])
    // Other weights are what is compared.
    let model = MeasuredRunFolder(rows).replacing("model-sha256: a0", with: "model-sha256: a1")
    #expect(try compare([MeasuredRunFolder(rows), model]).notes == [])
  }

  @Test func otherMatchingIsNamed() throws {
    let changed = MeasuredRunFolder(rows).replacing("match: leaf", with: "match: text")
    guard case .otherMatching(_, _, let values) = try refusal(MeasuredRunFolder(rows), changed)
    else { return #expect(Bool(false)) }
    #expect(values == ["leaf", "text"])
  }

  @Test func otherSeenTargetsAreCounted() throws {
    var changed = rows
    changed[7].isSeen.toggle()
    guard
      case .otherTargets(_, _, let count, let example) = try refusal(
        MeasuredRunFolder(rows), MeasuredRunFolder(changed))
    else { return #expect(Bool(false)) }
    #expect(count == 1 && example == "user 8, target 108, timestamp 80")
  }

  @Test func aListIsAsLongAsItIs() throws {
    let narrow = MeasuredRunFolder(rows).replacing("width: 10", with: "width: 5")
    guard
      case .shortList(_, let metric, let length) = try refusal(MeasuredRunFolder(rows), narrow)
    else { return #expect(Bool(false)) }
    #expect(metric == "ndcg@10" && length == 5)
    let five = try compare([MeasuredRunFolder(rows), narrow], metrics: [.ndcg(5)])
    #expect(five.tables[0].pairs[0].difference == 0)
    #expect(five.tables[0].pairs[0].wilcoxon.pValue == 1)
  }

  @Test func aDamagedRowIsNamed() throws {
    try inFolder { folder in
      for name in ["a", "b"] { try MeasuredRunFolder(rows).write(to: "\(folder)/\(name)") }
      let file = "\(folder)/b/rows-fine-tuned.jsonl"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing("\"user\":2}", with: "\"user\":").write(
        toFile: file, atomically: true, encoding: .utf8)
      #expect(
        throws: ComparisonError.malformedRow(path: file, line: 2, reason: "is no row")
      ) { try RunComparison(request(["\(folder)/a", "\(folder)/b"])) }
      #expect(throws: RunFolderError.notARun(path: "\(folder)/c")) {
        try RunComparison(request(["\(folder)/a", "\(folder)/c"]))
      }
    }
  }

  @Test func whatIsAskedForIsChecked() throws {
    #expect(throws: ComparisonError.tooFewRuns(1)) { try RunComparison(request(["a"])) }
    #expect(throws: ComparisonError.givenTwice("a")) { try RunComparison(request(["a", "a"])) }
    var asked = request(["a", "b"])
    asked.baseline = "c"
    #expect(throws: ComparisonError.unknownBaseline("c", known: ["a", "b"])) {
      try RunComparison(asked)
    }
    asked = request(["a", "b"])
    asked.confidence = 1
    #expect(throws: ComparisonError.badConfidence(1)) { try RunComparison(asked) }
    let registry = try PluginRegistry.withReciprocalRank()
    for text in ["ndcg", "ndcg@0", "hr@x", "item_nll@3", "mrr@10", "reciprocal,ndcg@3", ""] {
      #expect(throws: ComparisonError.unknownMetric(text)) {
        try ComparisonMetric(parsing: text, registry: registry)
      }
    }
    for metric in [ComparisonMetric.ndcg(3), .hitRatio(20), .itemNLL] {
      #expect(try ComparisonMetric(parsing: metric.name, registry: registry) == metric)
    }
    #expect(throws: RunDescriptionError.malformedMetric("reciprocal@x")) {
      try ComparisonMetric(parsing: "reciprocal@x", registry: registry)
    }
  }

  private func refusal(
    _ first: MeasuredRunFolder, _ second: MeasuredRunFolder
  ) throws -> ComparisonError {
    let error = #expect(throws: ComparisonError.self) { try compare([first, second]) }
    return try #require(error)
  }
}
