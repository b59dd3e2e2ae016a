import BearLabTestSupport
import Foundation
import Testing

/// `sweep` on the tiny data.
@Suite struct SweepCommandTests {
  @Test func aSweepIsListedAndDone() throws {
    try withTinyCache { cache in
      let arguments =
        ["sweep", "--grid", "objective.lambda=0.1,2", "--output", "\(cache)/sweep"] + tinyRun
      let listed = try bearLab(arguments + ["--dry-run"], cache: cache)
      #expect(listed.status == 0 && listed.errors.isEmpty, "\(listed.errors)")
      let lines = listed.output.split(separator: "\n")
      #expect(lines.count == 4 && lines[0] == "new: lambda-0.1")
      #expect(lines[3].hasPrefix("  bear-lab run --output \(cache)/sweep/lambda-2 --set "))
      #expect(lines[3].contains(" --set evaluation.measure=validation "))
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/sweep"))
      let done = try bearLab(arguments + ["--final"], cache: cache)
      #expect(done.status == 0, "\(done.errors)")
      #expect(done.output.hasPrefix("# Sweep of objective.lambda\n"))
      #expect(done.output.contains("## On test") && done.output.contains("| bear "))
      #expect(try bearLab(arguments + ["--final"], cache: cache).output == done.output)
      // The command of the report does the same.
      let command = try #require(
        done.output.split(separator: "\n").first { $0.contains(" bear-lab run ") })
      let words = command.split(separator: " ").dropFirst().map(String.init)
        .map { $0.replacing("'", with: "").replacing("/sweep/final-", with: "/again-") }
      let again = try bearLab(words, cache: cache)
      #expect(again.status == 0, "\(again.errors)")
      #expect(done.output.contains(again.output.trimmingCharacters(in: .newlines)))
    }
  }

  @Test func mistakesAreTold() throws {
    let cases = [
      (["--grid", "objective.lambda=1,x"], "point lambda-x: "),
      (["--grid", "objective.lamda=1"], "lamda"),
      (["--range", "objective.lambda=1..2"], "a grid has values only"),
      ([], "the sweep varies nothing"),
    ]
    for (arguments, message) in cases {
      let outcome = try bearLab(["sweep"] + arguments)
      #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    }
  }
}
