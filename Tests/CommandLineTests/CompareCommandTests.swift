import BearLabTestSupport
import Foundation
import Testing

/// `compare` on folders made by hand.
@Suite struct CompareCommandTests {
  @Test func theTablesAreAsRecorded() throws {
    try withRuns { folder in
      let runs = ["sft", "bear", "bear:popularity"].map { "\(folder)/\($0)" }
      let outcome = try bearLab(["compare"] + runs)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      // The rules are as wide as the folder's name is long.
      let text = outcome.output.replacing("\(folder)/", with: "runs/")
        .replacing(/-{3,}:?/, with: "---")
      try expectSnapshot("compare", text)
      let csv = try bearLab(["compare", "--csv", "--metric", "hr@10"] + runs)
      #expect(csv.status == 0 && csv.output.split(separator: "\n").count == 7)
    }
  }

  @Test func aRefusalSaysWhy() throws {
    try withRuns { folder in
      try MeasuredRunFolder(Array(MeasuredRunFolder.rows(1).prefix(30))).write(to: "\(folder)/few")
      let outcome = try bearLab(["compare", "\(folder)/few", "\(folder)/sft"])
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("0 only in the first, 10 only in the second, 30 in both"))
    }
  }

  @Test func aRunIsGivenOnceInWhateverWords() throws {
    try withRuns { folder in
      for again in ["\(folder)/sft/", "\(folder)/./sft", "\(folder)/bear/../sft"] {
        let outcome = try bearLab(["compare", "\(folder)/sft", again])
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("\(again) is given twice\n"), "\(outcome.errors)")
      }
      let rows = try bearLab(
        ["compare", "\(folder)/bear:popularity", "\(folder)/bear/:popularity"])
      #expect(rows.status == 1 && rows.errors.contains("is given twice"), "\(rows.errors)")
      let runs = ["\(folder)/sft", "\(folder)/bear", "\(folder)/bear/:popularity"]
      #expect(try bearLab(["compare"] + runs + ["--baseline", runs[1] + "/"]).status == 0)
    }
  }

  @Test(arguments: ["", ",", " , "])
  func aMetricIsNamed(metric: String) throws {
    let outcome = try bearLab(["compare", "a", "b", "--metric", metric])
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(
      outcome.errors.contains("--metric '\(metric)' names no metric: give some, separated by"))
  }

  private func withRuns(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "runs-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try MeasuredRunFolder(MeasuredRunFolder.rows(1)).write(to: "\(folder)/sft")
    var bear = MeasuredRunFolder(MeasuredRunFolder.rows(4))
      .replacing("width: 10", with: "width: 20")
    bear.rows["popularity"] = MeasuredRunFolder.rows(0).map {
      .init(user: $0.user, rank: $0.rank, isSeen: $0.isSeen)
    }
    try bear.write(to: "\(folder)/bear")
    try body(folder)
  }
}
