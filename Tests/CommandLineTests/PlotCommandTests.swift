import BearLabTestSupport
import Foundation
import Testing

/// `plot` and the exports that are made of what a run has logged.
@Suite struct PlotCommandTests {
  /// A run of the program itself: the files are those that it writes, and not those of a test.
  @Test func aRunIsDrawnAndExported() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let chart = try bearLab(["plot", "training", folder])
      #expect(chart.status == 0, "\(chart.errors)")
      #expect(chart.output.hasPrefix("Training\n") && !chart.output.contains("\u{1B}"))
      #expect(chart.output.contains("  training loss, nats\n"))
      #expect(chart.output.contains("  validation NDCG@10\n"))
      #expect(chart.output.contains("Run run. "))
      let refused = try bearLab(["plot", "steps", folder])
      #expect(refused.status == 1)
      #expect(refused.errors.hasSuffix("\n  make it: bear-lab diagnose \(folder)\n"))
      _ = try bearLab(["diagnose", folder, "--beam-width", "1"], cache: cache)
      let steps = try bearLab(["plot", "steps", folder])
      #expect(steps.status == 0 && steps.output.contains("█"), "\(steps.errors)")

      let board = try bearLab(["export", "tensorboard", folder, "\(cache)/tb"])
      #expect(board.status == 0 && board.output.isEmpty)
      #expect(
        board.errors.wholeMatch(of: /\d+ values of 1 run: .*\/tb\n/) != nil, "\(board.errors)")
      let table = try bearLab(["export", "csv", folder, "--what", "rows"])
      #expect(table.output.hasPrefix("run,name,user,timestamp,target,title,seen,rank,item_nll\n"))
      // Popularity, the base model and the tuned one.
      #expect(table.output.split(separator: "\n").count == 1 + 3 * 12)
      let file = "\(cache)/summary.jsonl"
      let lines = try bearLab(["export", "jsonl", folder, "--output", file])
      #expect(lines.status == 0 && lines.output.isEmpty)
      let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file)))
      let summary = try #require(object as? [String: Any])
      #expect(summary["run"] as? String == "run" && summary["rows"] as? Int == 12)
      #expect(summary["lora.targets"] as? String == "q_proj,v_proj")
    }
  }

  @Test func aRunIsGivenOnce() throws {
    try withEmptyFolder { folder in
      try HandMadeRun.trained().write(to: "\(folder)/a")
      let runs = ["\(folder)/a", "\(folder)/a/"]
      for command in [
        ["plot", "training"] + runs, ["export", "csv"] + runs, ["export", "jsonl"] + runs,
        ["export", "tensorboard"] + runs + ["\(folder)/board"],
        ["export", "notebook"] + runs + ["--output", "\(folder)/a.ipynb"],
      ] {
        let outcome = try bearLab(command)
        #expect(outcome.status == 1 && outcome.output.isEmpty, "\(command)")
        #expect(
          outcome.errors.contains("the run '\(runs[1])' is given twice\n  give each run once"),
          "\(outcome.errors)")
      }
    }
  }

  @Test func picturesAreWritten() throws {
    guard FileManager.default.fileExists(atPath: "/usr/bin/gnuplot") else { return }
    try withEmptyFolder { folder in
      try HandMadeRun.trained().write(to: "\(folder)/a")
      for ending in ["svg", "png"] {
        let file = "\(folder)/figure.\(ending)"
        let outcome = try bearLab(["plot", "training", "\(folder)/a", "--output", file])
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(try Data(contentsOf: URL(filePath: file)).count > 1000)
      }
      // Without gnuplot the error says what to install.
      let none = try bearLab(
        ["plot", "training", "\(folder)/a", "--output", "\(folder)/b.svg"],
        environment: ["PATH": folder])
      #expect(none.status == 1)
      #expect(none.errors.contains("there is no program gnuplot"), "\(none.errors)")
      #expect(none.errors.contains("apt-get install gnuplot-nox"))
    }
  }

  @Test(arguments: [
    (["plot", "training", "no/such/run"], "no/such/run holds no run"),
    (["plot", "pie", "x"], "The value 'pie' is invalid for '<kind>'"),
    (["plot", "time"], "Missing expected argument '<run> ...'"),
    (["plot", "time", "x", "--output", "a.pdf"], "give a file whose name ends in .svg or .png"),
    (["plot", "sensitivity", "no.csv"], "no.csv is no table of a sweep"),
    (["export", "tensorboard", "x"], "give runs and then a folder"),
    (["export", "csv", "x", "--what", "all"], "The value 'all' is invalid for '--what"),
    (["export", "jsonl", "no/such/run"], "no/such/run holds no run"),
  ])
  func mistakesAreExplained(arguments: [String], expected: String) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status != 0 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
  }
}
