import BearLabTestSupport
import Foundation
import Testing

/// Plug-ins in packages of their own, as the program writes, builds and loads them.
@Suite struct PluginCommandTests {
  private func new(_ kind: String, _ name: String, in cache: String) throws {
    let outcome = try bearLab(["new", kind, name, "--path", "\(cache)/\(name)"])
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  private func edit(_ path: String, _ change: (String) -> String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try Data(change(text).utf8).write(to: URL(filePath: path))
  }

  /// A run finds its plug-in again, and is told where it is not the same.
  @Test func aRunKnowsItsPlugin() throws {
    try withTinyCache { cache in
      try new("objective", "focal", in: cache)
      let (plugin, run) = ("\(cache)/focal", "\(cache)/run")
      let ran = try bearLab(
        ["run", "--plugin", plugin, "--objective", "focal", "--output", run] + tinyRun,
        cache: cache)
      #expect(ran.status == 0, "\(ran.errors)")
      #expect(ran.errors.contains("note: building plug-in focal\n"))
      #expect(ran.output.contains("\n| focal "))
      let yaml = try String(contentsOfFile: "\(run)/run.yaml", encoding: .utf8)
      #expect(yaml.contains("\nplugins: \(plugin)\n"), "\(yaml)")
      #expect(yaml.contains(/\n  plugin-focal-sha256: [0-9a-f]{64}\n/), "\(yaml)")

      let again = try bearLab(["evaluate", run], cache: cache)
      #expect(
        again.status == 0 && again.errors.contains("another file") == false, "\(again.errors)")
      #expect(again.output.contains("\n| focal, epoch 1 "))

      let source = "\(plugin)/Sources/ObjectiveFocal/FocalObjective.swift"
      try edit(source) { $0 + "\n// Another one.\n" }
      let told = try bearLab(["evaluate", run], cache: cache)
      #expect(told.status == 0 && told.errors.contains("note: plugin-focal is another file"))
      try FileManager.default.removeItem(atPath: "\(run)/report.md")
      let refused = try bearLab(["resume", run], cache: cache)
      #expect(refused.status == 1 && refused.errors.contains("plugin-focal is another file"))

      try edit(source) { $0.replacing("\n// Another one.\n", with: "") }
      try FileManager.default.createDirectory(
        atPath: "\(cache)/other", withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: plugin, toPath: "\(cache)/other/focal")
      let lost = try bearLab(["resume", run], cache: cache)
      #expect(
        lost.status == 1 && lost.errors.hasPrefix("error: there is no plug-in at \(plugin)\n"),
        "\(lost.errors)")
      let found = try bearLab(["resume", run, "--plugin", "\(cache)/other/focal"], cache: cache)
      #expect(found.status == 0 && found.output == ran.output, "\(found.errors)")
    }
  }

  @Test func aSessionHasItsPlugins() throws {
    try withTinyCache { cache in
      try new("metric", "mrr", in: cache)
      let script = "\(cache)/script"
      let lines = [
        "list metrics", "set evaluation.metrics=mrr@3", "run " + tinyRun.joined(separator: " "),
      ]
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: script))
      let outcome = try bearLab(
        ["repl", "--plugin", "\(cache)/mrr", "--script", script], cache: cache)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        outcome.output.contains("\n  mrr   1 / place of the right answer"), "\(outcome.output)")
      #expect(outcome.output.contains(/HR@10, 95 % \| +mrr@3 \| item NLL \|/), "\(outcome.output)")
    }
  }

  /// What throws while registering, and what has a name that is taken, ends a command at once.
  @Test(arguments: [
    (
      "try registry.register(metric: \"mrr\", MrrMetric.self)", "throw CancellationError()",
      "could not register its plug-ins: CancellationError()"
    ),
    (
      "metric: \"mrr\"", "metric: \"ndcg\"",
      "error: metric 'ndcg' is registered twice: by BearLabEvaluation and by "
    ),
  ])
  func whatCannotRegisterIsRefused(old: String, new: String, told: String) throws {
    try withTinyCache { cache in
      try self.new("metric", "mrr", in: cache)
      let plugin = "\(cache)/mrr"
      try edit("\(plugin)/Sources/MetricMrr/MrrMetric.swift") { $0.replacing(old, with: new) }
      let outcome = try bearLab(
        ["run", "--plugin", plugin, "--output", "\(cache)/run"] + tinyRun, cache: cache)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains(told) && outcome.errors.contains(plugin), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/run"))
    }
  }

  @Test func librariesThatDoNotFitAreRefused() throws {
    try withTinyCache { cache in
      try Data("no library\n".utf8).write(to: URL(filePath: "\(cache)/text.so"))
      let text = try bearLab(["list", "--plugin", "\(cache)/text.so"])
      #expect(
        text.status == 1 && text.errors.contains("text.so cannot be opened as a library: "),
        "\(text.errors)")
      let none = try bearLab(["list", "--plugin", "\(cache)/no"])
      #expect(
        none.errors.hasPrefix("error: there is no plug-in at \(cache)/no\n"), "\(none.errors)")
      let folder = try bearLab(["list", "--plugin", cache])
      #expect(
        folder.errors.contains("is no package: it holds no Package.swift"), "\(folder.errors)")
    }
  }

  @Test func newRefusesWhatIsThere() throws {
    let taken = try bearLab(["new", "objective", "bear"])
    #expect(
      taken.status == 1
        && taken.errors.hasPrefix("error: objective 'bear' is there already, from ObjectiveBEAR\n"),
      "\(taken.errors)")
    let malformed = try bearLab(["new", "objective", "Focal Loss"])
    #expect(malformed.errors.hasPrefix("error: a plug-in cannot be called 'Focal Loss'\n"))
    let kind = try bearLab(["new", "loss", "focal"])
    #expect(kind.status != 0 && kind.errors.contains("objective"), "\(kind.errors)")
  }

  /// The metrics of the program itself may be asked for as well.
  @Test func furtherMetricsHaveColumns() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(
        ["run", "--output", folder, "--set", "evaluation.metrics=ndcg@3, hr"] + tinyRun,
        cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let rows = run.output.split(separator: "\n").map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      #expect(rows[0].suffix(4) == ["HR@10, 95 %", "hr", "ndcg@3", "item NLL"])
      // hr is at 10 without a cutoff.
      for row in rows[2...4] { #expect(row[8] == row[6] && row[9] >= row[1] && row[9] <= row[3]) }
      let figures = try String(contentsOfFile: "\(folder)/metrics.jsonl", encoding: .utf8)
      #expect(figures.contains(#""metrics":{"hr":"#))
      let listed = try bearLab(["runs", cache, "--columns", "name,ndcg@3"])
      #expect(listed.output.contains("| run  | \(rows[4][9]) |"), "\(listed.output)")
      for (metrics, told) in [
        ("mrr", "there is no metric 'mrr'"), ("hr@", "'hr@' is no metric"),
        ("hr@0", "parameter 'k' cannot be '0'"),
      ] {
        let wrong = try bearLab(["run", "--dry-run", "--set", "evaluation.metrics=\(metrics)"])
        #expect(wrong.status == 1 && wrong.errors.contains(told), "\(wrong.errors)")
      }
    }
  }
}
