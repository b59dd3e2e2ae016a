internal import Foundation

extension RunComparison {
  /// Tables in Markdown: of each metric all rows, then seen and unseen targets where there are both.
  public var text: String {
    let all = Dictionary(
      tables.filter { $0.targets == .all }.map { ($0.metric, $0.rows) }
    ) { $1 }
    // Where all targets are seen, the same table would come again.
    let shown = tables.filter { $0.targets == .all || $0.rows < all[$0.metric] ?? 0 }
    let parts = shown.map { table in
      "## \(heading(table))\n\n" + layout(table).map(\.text).joined(separator: "\n")
    }
    let notes = notes.map { "- \($0)\n" }.joined()
    return (parts + [caption + "\n"] + (notes.isEmpty ? [] : [notes])).joined(separator: "\n")
  }

  private func heading(_ table: Table) -> String {
    let targets = table.targets == .all ? "all targets" : "\(table.targets.rawValue) targets"
    return "\(table.metric.name), \(targets): \(table.rows) rows, "
      + (table.metric.isLowerBetter ? "lower is better" : "higher is better")
  }

  private var pairHeader: [String] {
    let share = String(format: "%g", request.confidence * 100)
    return [
      "difference", "\(share) %", "differ", "p bootstrap", "Holm", "p t-test", "Holm",
      "p Wilcoxon", "Holm",
    ]
  }

  /// One table of means and differences, or one of each where all pairs are compared.
  private func layout(_ table: Table) -> [MarkdownTable] {
    let hasSeeds = table.means.contains { $0.deviation != nil }
    let header = ["run", "mean"] + (hasSeeds ? ["std. dev."] : [])
    let means = table.means.map { mean in
      [mean.run, Self.figure(mean.mean)]
        + (hasSeeds ? [mean.deviation.map(Self.figure) ?? "–"] : [])
    }
    guard !request.isAllPairs else {
      let rows = table.pairs.map { ["\($0.run) − \($0.baseline)"] + Self.cells($0) }
      return [
        MarkdownTable(header: header, rows: means),
        MarkdownTable(header: ["pair"] + pairHeader, rows: rows),
      ]
    }
    let rows = means.enumerated().map { place, mean in
      // The first one is the baseline, which every other one has a pair with.
      mean
        + (place == 0
          ? [String](repeating: "–", count: pairHeader.count) : Self.cells(table.pairs[place - 1]))
    }
    return [MarkdownTable(header: header + pairHeader, rows: rows)]
  }

  private static func cells(_ pair: Pair) -> [String] {
    let interval = pair.bootstrap.map { "\(signed($0.lower)) to \(signed($0.upper))" }
    let values = [
      pair.bootstrap?.pValue, pair.correctedBootstrap, pair.tTest?.pValue, pair.correctedTTest,
      pair.wilcoxon.pValue, pair.correctedWilcoxon,
    ]
    return [signed(pair.difference), interval ?? "–", "\(pair.wilcoxon.differing)"]
      + values.map { $0.map(pValue) ?? "–" }
  }

  private static func figure(_ value: Double) -> String { String(format: "%.4f", value) }

  private static func signed(_ value: Double) -> String { String(format: "%+.4f", value) }

  /// Four digits, or the order of magnitude of what would be 0 in them.
  private static func pValue(_ value: Double) -> String {
    value == 0 || value >= 0.0001
      ? String(format: "%.4f", value) : String(format: "%.0e", value)
  }

  private var caption: String {
    let against =
      request.isAllPairs
      ? "difference: the first of a pair minus the second"
      : "difference: minus \(tables.first?.means.first?.run ?? "the baseline"), the baseline"
    return against + ", row by row; interval and p bootstrap: \(request.resamples) resamples of "
      + "the rows, seed \(request.seed); Holm: the p before it, corrected for the comparisons of "
      + "its table; differ: the rows on which both differ, the only ones that Wilcoxon's test "
      + "looks at"
  }
}
