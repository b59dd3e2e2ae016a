import BearLabTestSupport
import Foundation
import Testing

/// `diagnose` and `explain` on a tiny model.
@Suite struct DiagnoseCommandTests {
  private struct Line: Decodable, Equatable {
    let user: Int
    let target: Int
    let rank: Int
    let pruned: Bool
    let step: Int?
    let margin: Double?
  }

  private func lines(_ path: String) throws -> [Line] {
    try Data(contentsOf: URL(filePath: path)).split(separator: 0x0A).map {
      try JSONDecoder().decode(Line.self, from: $0)
    }
  }

  @Test func aRunIsDiagnosedAndAUserExplained() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let table = try bearLab(["diagnose", folder, "--beam-width", "1"], cache: cache)
      #expect(table.status == 0, "\(table.errors)")
      #expect(table.output.contains("\n| top 5 ") && table.output.contains("\n| top 10 "))
      #expect(table.output.contains("\n12 test rows; "))
      let rows = try lines("\(folder)/diagnosis.jsonl")
      #expect(rows.count == 12)
      #expect(rows.allSatisfy { $0.pruned == ($0.step != nil) })
      #expect(rows.allSatisfy { ($0.margin ?? 0) >= 0 && ($0.margin == nil) == ($0.step == nil) })

      let again = "\(cache)/lines"
      let json = try bearLab(
        ["diagnose", folder, "--beam-width", "1", "--json", "--output", again], cache: cache)
      #expect(try lines(again) == rows)
      let figures = try #require(
        try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
      let top = rows.filter { $0.rank <= 10 }
      #expect(figures["targets@10"] as? Int == top.count)
      #expect(figures["pruned@10"] as? Int == top.count(where: \.pruned))

      // What the table says of a row is what the user is told.
      let row = try #require(rows.last { line in line.pruned })
      let shown = try bearLab(
        ["explain", folder, "--user", "\(row.user)", "--beam-width", "1"], cache: cache)
      #expect(shown.status == 0, "\(shown.errors)")
      let last = try #require(rows.last { $0.user == row.user })
      #expect(shown.output.hasPrefix("user \(row.user), item \(last.target): "))
      #expect(shown.output.contains("\nrank \(last.rank) of "))
      let step = try #require(last.step)
      #expect(shown.output.contains("\npruned at step \(step), "))
    }
  }

  @Test(arguments: [
    (["--user", "4000"], "error: there is no test row of user 4000\n  give the number of a user"),
    (["--user", "301", "--item", "0"], "error: there is no item 0: there are "),
    (["--user", "301", "--item", "99999"], "give an item from 1 to "),
    (["no-run", "--user", "301"], "no-run holds no run"),
  ])
  func whatThereIsNotIsRefused(arguments: [String], message: String) throws {
    try withTinyCache { cache in
      let outcome = try bearLab(["explain"] + arguments + tinyRun, cache: cache)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
  }

  @Test(arguments: [
    ["diagnose", "--beam-width", "0"], ["diagnose", "--max-rank", "-1"],
    ["explain", "--user", "1", "--pr-softmax", "none"], ["explain"],
    ["diagnose", "--seeds", "1,2"],
  ])
  func optionsAreChecked(arguments: [String]) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome.errors)")
  }

  /// A base model has no folder to write to.
  @Test func aBaseModelIsDiagnosed() throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        ["diagnose", "--max-rank", "10", "--pr-softmax", "full"] + tinyRun, cache: cache)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("(full, constraint before)"))
    }
  }
}
