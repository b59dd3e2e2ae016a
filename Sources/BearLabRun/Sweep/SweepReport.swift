internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// What a sweep found, as text and as files.
struct SweepReport {
  private let plan: SweepPlan
  private let result: SweepResult

  init(_ plan: SweepPlan, _ result: SweepResult) {
    self.plan = plan
    self.result = result
  }

  private var select: ComparisonMetric { result.select }
  private var hasRounds: Bool { plan.rounds.count > 1 }

  /// The files of the sweep's folder, by name.
  var files: [(name: String, text: String)] {
    get throws {
      [("sweep.csv", csv), ("sweep.json", try json + "\n"), ("sweep.md", text)]
    }
  }

  /// The table of all points, that of each axis, and how to measure the best on test.
  var text: String {
    let chosen = result.chosen
    let header =
      ["place"] + result.axes + (hasRounds ? ["samples"] : []) + shown.map(Self.title)
    let rows = result.entries.enumerated().map { place, entry in
      ["\(place + 1)"] + entry.values + (hasRounds ? ["\(entry.samples)"] : [])
        + shown.map { Self.figure(entry.metrics[$0.name]) }
    }
    let parts = [
      "# Sweep of " + result.axes.joined(separator: ", "),
      MarkdownTable(header: header, rows: rows).text + "\n" + caption,
      "## Sensitivity", sensitivity, "## Chosen",
      plan.title(of: chosen.point) + ". To measure it on test:", "    " + command,
    ]
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// The columns of the table: the usual ones, and what chooses.
  private var shown: [ComparisonMetric] {
    let usual = ComparisonMetric.defaults
    return (usual.contains(select) ? [] : [select]) + usual
  }

  private static func title(_ metric: ComparisonMetric) -> String {
    switch metric {
    case .ndcg(let cutoff): "NDCG@\(cutoff)"
    case .hitRatio(let cutoff): "HR@\(cutoff)"
    case .itemNLL: "item NLL"
    case .gain(let metric): metric.name
    }
  }

  private static func figure(_ value: Double?) -> String {
    value.map { String(format: "%.4f", $0) } ?? "–"
  }

  private var caption: String {
    let seeds = result.chosen.runs.count
    return "\(result.chosen.rows) validation rows"
      + (seeds > 1 ? ", means over \(seeds) seeds" : "") + "; chosen by \(select.name), "
      + (select.isLowerBetter ? "lower is better" : "higher is better, of equals by item NLL")
      + (hasRounds ? "; the points with the most samples come first" : "")
      + "; test was not looked at"
  }

  private var sensitivity: String {
    let values = result.sensitivity
    let tables = result.axes.map { axis in
      MarkdownTable(
        header: [axis, "points", "mean \(select.name)", "best \(select.name)"],
        rows: values.filter { $0.axis == axis }.map {
          [$0.value, "\($0.points)", Self.figure($0.mean), Self.figure($0.best)]
        }
      ).text
    }
    let note = hasRounds ? "\nof the first round, with \(plan.rounds[0]) samples\n" : ""
    return (tables.joined(separator: "\n") + note).trimmingCharacters(in: .newlines)
  }

  /// What measures the chosen point on test.
  private var command: String {
    let point = result.chosen.point
    return ShellCommand.text(
      ["bear-lab"] + runCommand(plan.finalSettings(of: point), output: plan.finalPath(of: point)))
  }

  /// The names of all that was measured: the usual figures, and those of `metrics`.
  private var metrics: [String] {
    let usual =
      RankingMetrics.cutoffs.map { ComparisonMetric.ndcg($0) }
      + RankingMetrics.cutoffs.map { ComparisonMetric.hitRatio($0) } + [.itemNLL]
    let names = usual.map(\.name)
    return names + Set(result.entries.flatMap(\.metrics.keys)).subtracting(names).sorted()
  }

  /// A line a point and round: the value of each axis, round, samples, seeds, rows, every metric, and
  /// the folders.
  private var csv: String {
    let header =
      result.axes + ["round", "samples", "seeds", "rows"] + metrics + ["runs"]
    let lines = result.entries.map { entry in
      entry.values.map(CSVField.text)
        + [entry.round, entry.samples, entry.runs.count, entry.rows].map { "\($0)" }
        + metrics.map { CSVField.text(entry.metrics[$0]) }
        + [CSVField.text(entry.runs.joined(separator: " "))]
    }
    return ([header] + lines).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private struct Document: Encodable {
    let select: String
    let better: String
    let parameters: [String]
    let chosen: [String: String]
    let command: String
    let points: [Point]
    let sensitivity: [Value]
  }

  private struct Point: Encodable {
    let parameters: [String: String]
    let round: Int
    let samples: Int
    let rows: Int
    let metrics: [String: Double]
    let runs: [String]
  }

  private struct Value: Encodable {
    let parameter: String
    let value: String
    let points: Int
    let mean: Double
    let best: Double
  }

  private var json: String {
    get throws {
      func named(_ entry: SweepResult.Entry) -> [String: String] {
        Dictionary(zip(result.axes, entry.values)) { $1 }
      }
      let document = Document(
        select: select.name, better: select.isLowerBetter ? "lower" : "higher",
        parameters: result.axes, chosen: named(result.chosen), command: command,
        points: result.entries.map {
          Point(
            parameters: named($0), round: $0.round, samples: $0.samples, rows: $0.rows,
            metrics: $0.metrics, runs: $0.runs)
        },
        sensitivity: result.sensitivity.map {
          Value(
            parameter: $0.axis, value: $0.value, points: $0.points, mean: $0.mean, best: $0.best)
        })
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
  }
}
