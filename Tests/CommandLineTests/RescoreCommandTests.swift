import BearLabTestSupport
import Foundation
import Testing

/// `rescore` and `recommend` on what a tiny run leaves.
@Suite struct RescoreCommandTests {
  @Test func aRunIsScoredAgainAndAsked() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let official = "\(folder)/predict_tiny_12_customCBS.json"
      try scoresAre(of: run.output, in: official, cache: cache)
      try recommendationsAreThose(of: official, run: folder, cache: cache)
      try anotherObjectiveIsRefused(run: folder, cache: cache)
    }
  }

  /// A table would name what the run was not trained with, and decode as that one is.
  private func anotherObjectiveIsRefused(run: String, cache: String) throws {
    for (options, given) in [
      (["--objective", "sft"], "sft"), (["--set", "objective.lambda=0.5"], "lambda=0.5"),
    ] {
      for command in [["evaluate", run], ["recommend", "--run", run, "--history", "Amber"]] {
        let outcome = try bearLab(command + options, cache: cache)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(
          outcome.errors.contains("was trained with bear, not with \(given)\n  leave the obj"),
          "\(outcome.errors)")
      }
    }
    let same = try bearLab(["evaluate", run, "--objective", "bear"], cache: cache)
    #expect(same.status == 0 && same.output.contains("| bear, epoch 1 |"), "\(same.errors)")
  }

  /// HR@10 of the report's last row is that of the rescored file.
  private func scoresAre(of report: String, in file: String, cache: String) throws {
    let text = try bearLab(["rescore", file, "--dataset", "tiny"], cache: cache)
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    let line = try #require(text.output.split(separator: "\n").first { $0.contains("| HR@10 ") })
    let row = try #require(report.split(separator: "\n").first { $0.hasPrefix("| bear ") })
    #expect(cells(line)[1...2] == cells(row)[6...7])
    #expect(text.output.contains("\n120 answers, "))

    let json = try bearLab(["rescore", file, "--dataset", "tiny", "--json"], cache: cache)
    struct Figures: Decodable { let rows: Int, seen_rows: Int, valid_share: Double }
    let figures = try JSONDecoder().decode(Figures.self, from: Data(json.output.utf8))
    #expect((figures.rows, figures.seen_rows, figures.valid_share) == (12, 12, 1))
    let alone = try bearLab(["rescore", file], cache: cache)
    #expect(alone.output.contains("match: as-is") && !alone.output.contains("unseen"))
  }

  private func recommendationsAreThose(of file: String, run: String, cache: String) throws {
    struct Row: Decodable { let input: String, predict: [String] }
    struct Place: Decodable { let rank: Int, title: String, items: [Int], score: Float }
    let row = try #require(
      try JSONDecoder().decode([Row].self, from: Data(contentsOf: URL(filePath: file))).first)
    let history = row.input.dropFirst("Seen: \"".count).split(separator: "\"\n")[0]
      .replacing("\", \"", with: "\t").split(separator: "\t").map(String.init)
    let base = ["recommend", "--run", run, "--history"] + history
    let list = try bearLab(base + ["--json"], cache: cache)
    #expect(list.status == 0 && list.errors.isEmpty, "\(list.errors)")
    let places = try JSONDecoder().decode([Place].self, from: Data(list.output.utf8))
    #expect(places.map { "\"\($0.title)\"" } == row.predict)

    // A longer list needs a wider beam.
    let long = try bearLab(base + ["--k", "20"], cache: cache)
    let lines = long.output.split(separator: "\n")
    #expect(lines.count == 20 && lines[19].hasPrefix(" 20  "), "\(long.output)")
    let near = try bearLab(
      ["recommend", "--run", run, "--k", "2", "--history", "salt & sea", "The Stnoe"], cache: cache)
    #expect(
      near.errors
        == "note: took 'Salt &amp; Sea' for 'salt & sea'\nnote: took 'The Stone' for 'The Stnoe'\n")
    #expect(near.output.split(separator: "\n").count == 2)
  }

  @Test func aBaseModelCanBeAsked() throws {
    try withTinyCache { cache in
      let base = try bearLab(
        ["recommend", "--history", "Amber", "--k", "3"] + tinyRun, cache: cache)
      #expect(base.status == 0, "\(base.errors)")
      let scores = base.output.split(separator: "\n").compactMap {
        $0.split(separator: " ").dropFirst().first.flatMap { Double($0) }
      }
      #expect(scores.count == 3 && scores == scores.sorted(by: >) && scores[0] < 0)
    }
  }

  @Test func mistakesAreExplained() throws {
    try withTinyCache { cache in
      let file = "\(cache)/bad.json"
      try Data(#"[{"output": "a", "predict": [1]}]"#.utf8).write(to: URL(filePath: file))
      let good = "\(cache)/good.json"
      try Data(#"[{"output": "a", "predict": []}]"#.utf8).write(to: URL(filePath: good))
      let cases: [([String], Int32, String)] = [
        (
          ["rescore", file], 1, "row 1, 'predict', entry 1: it is no text\n  give an array of rows"
        ),
        (["rescore", "\(cache)/none.json"], 1, "none.json: cannot be opened: No such file"),
        (["rescore", cache], 1, ": is not a regular file\n  give the path of a file; a folder"),
        (
          ["rescore", file, "--match", "leef"], 1, "there is no match 'leef'\n  did you mean leaf?"
        ),
        (["rescore", good, "--dataset", "tyni"], 1, "did you mean tiny? known: tiny"),
        (
          ["recommend", "--history", "Qqqqqqqq"] + tinyRun, 1,
          "error: there is no title like 'Qqqqqqqq'\n  give a title"
        ),
        (
          ["recommend", "--history", "Ton"] + tinyRun, 1,
          "error: several titles are as near to 'Ton'\n  give one of 'Son', 'The Son', 'Tin'\n"
        ),
        (["recommend"] + tinyRun, 64, "there is no history: give titles, oldest first"),
        (["recommend", "--k", "0", "--history", "Sea"] + tinyRun, 64, "--k cannot be 0"),
        (["recommend", "--seeds", "1,2", "--history", "Sea"], 64, "--seeds is an option of run"),
        (["evaluate", "--seeds", "1,2"] + tinyRun, 64, "--seeds is an option of run alone"),
        (["recommend", "--run", "no/such", "--history", "Sea"], 1, "no/such holds no run"),
      ]
      for (arguments, status, expected) in cases {
        let outcome = try bearLab(arguments, cache: cache)
        #expect(outcome.status == status, "\(arguments)")
        #expect(outcome.errors.contains(expected), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
      }
    }
  }

  private func cells(_ line: Substring) -> [String] {
    line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
