import BearLabTestSupport
import Foundation
import Testing

/// Runs without a language model, whose file is not there.
@Suite struct RecommenderCommandTests {
  private static let settings = [
    "--recommender", "markov", "--dataset", "tiny", "--eval-users", "12", "--threads", "1",
  ]

  @Test func aRecommenderIsRunMeasuredAndAsked() throws {
    try withCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + Self.settings, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("\n| markov ") && run.output.contains("\n| popularity "))
      let again = try bearLab(["evaluate", folder], cache: cache)
      #expect(again.status == 0, "\(again.errors)")
      let row = run.output.split(separator: "\n").first { $0.hasPrefix("| markov ") }
      #expect(cells(again.output.split(separator: "\n")[2]) == cells(try #require(row)))
      let list = try bearLab(
        ["recommend", "--run", folder, "--history", "Amber", "Ice", "--k", "3"], cache: cache)
      #expect(list.status == 0, "\(list.errors)")
      #expect(list.output.split(separator: "\n").count == 3)
      let second = try bearLab(
        ["run", "--output", "\(cache)/second", "--config", "\(folder)/run.yaml"], cache: cache)
      #expect(second.output == run.output, "\(second.errors)")
      for file in ["run.yaml", "metrics.jsonl", "predictions.json", "rows-markov.jsonl"] {
        let (one, other) = ("\(folder)/\(file)", "\(cache)/second/\(file)")
        #expect(FileManager.default.contentsEqual(atPath: one, andPath: other), "\(file)")
      }
      let ended = try bearLab(["resume", folder], cache: cache)
      #expect(ended.status == 0 && ended.output == run.output)
      let scored = try bearLab(
        ["rescore", "\(folder)/predictions.json", "--dataset", "tiny"], cache: cache)
      #expect(scored.status == 0, "\(scored.errors)")
      let other = try bearLab(
        ["evaluate", folder, "--set", "recommender.popularity-weight=1"], cache: cache)
      #expect(other.status == 1)
      #expect(
        other.errors.contains("was trained with markov, not with popularity-weight=1.0\n"),
        "\(other.errors)")
      let model = try bearLab(["evaluate", folder, "--backbone", "bigrec"], cache: cache)
      #expect(model.status == 1 && model.errors.contains("nor the decoder builds on a recommender"))
    }
  }

  @Test func whatWouldBeDoneIsShown() throws {
    try withCache { cache in
      let dry = try bearLab(["run", "--dry-run"] + Self.settings, cache: cache)
      #expect(dry.status == 0 && dry.output.contains("\nbackbone:\n  name: none\n"))
      #expect(dry.output.contains("\n# no language model, no plan: "), "\(dry.output)")
      #expect(!dry.output.contains("lora:") && !dry.output.contains("objective:"))
      let plan = try bearLab(["plan"] + Self.settings, cache: cache)
      #expect(plan.status == 0 && plan.output.hasPrefix("no language model, no plan: "))
      let described = try bearLab(["describe", "recommender", "markov"])
      #expect(described.output.contains("\n  recommender.popularity-weight  (default 10.0, in "))
    }
  }

  @Test(arguments: [
    (["--recommender", "markv"], "there is no recommender 'markv'\n  did you mean markov?"),
    (["--backbone", "none"], "there is neither a backbone nor a recommender\n  give --backbone"),
    (
      ["--backbone", "bigrec", "--recommender", "markov"],
      "neither backbone 'bigrec' nor the decoder builds on a recommender, and 'markov' is given"
    ),
    (
      ["--recommender", "markov", "--epochs", "3"],
      "training.epochs says nothing in a run without a language model\n  leave it out, or give"
    ),
    (
      ["--recommender", "markov", "--set", "recommender.popularity-weight=-1"],
      "parameter 'recommender.popularity-weight' cannot be '-1.0'\n  give a real number from 0.0"
    ),
    (["--set", "recommender.epochs=1"], "recommender.epochs is a recommender's setting, and"),
  ])
  func mistakesAreExplained(arguments: [String], expected: String) throws {
    let outcome = try bearLab(["run", "--dry-run"] + arguments)
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
  }

  private func cells(_ row: Substring) -> [String] {
    row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// A cache with the tiny data set and no model.
  private func withCache(_ body: (String) throws -> Void) throws {
    try withTinyCache { cache in
      try FileManager.default.removeItem(atPath: "\(cache)/models")
      try body(cache)
    }
  }
}
