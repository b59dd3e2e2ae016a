internal import Foundation

extension RunComparison.Pair {
  /// Every figure by its name in JSON and CSV; nil where it is not defined or not finite.
  fileprivate var figures: [(name: String, value: Double?)] {
    [
      ("difference", difference), ("lower", bootstrap?.lower), ("upper", bootstrap?.upper),
      ("p_bootstrap", bootstrap?.pValue), ("p_bootstrap_holm", correctedBootstrap),
      ("t", tTest?.statistic), ("t_lower", tTest?.lower), ("t_upper", tTest?.upper),
      ("p_t", tTest?.pValue), ("p_t_holm", correctedTTest),
      ("w", wilcoxon.statistic), ("differing_rows", Double(wilcoxon.differing)),
      ("p_wilcoxon", wilcoxon.pValue), ("p_wilcoxon_holm", correctedWilcoxon),
    ].map { name, value in (name, value.flatMap { $0.isFinite ? $0 : nil }) }
  }
}

extension RunComparison {
  /// A line for each comparison, after a line of names; a figure that is not defined is empty.
  public var csv: String {
    var lines: [String] = []
    for table in tables {
      let means = Dictionary(table.means.map { ($0.run, $0.mean) }) { $1 }
      for pair in table.pairs {
        if lines.isEmpty {
          let names = ["metric", "targets", "rows", "run", "baseline", "mean", "baseline_mean"]
          lines.append((names + pair.figures.map(\.name)).joined(separator: ","))
        }
        let words = [
          table.metric.name, table.targets.rawValue, "\(table.rows)", pair.run, pair.baseline,
        ]
        let numbers = [means[pair.run], means[pair.baseline]] + pair.figures.map(\.value)
        lines.append(
          (words.map(CSVField.text) + numbers.map(CSVField.text)).joined(separator: ","))
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// One object with all figures, every key in every place.
  public var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(Document(self)), as: UTF8.self)
    }
  }

  private struct Document: Encodable {
    let confidence: Double
    let resamples: Int
    let seed: UInt64
    let notes: [String]
    let tables: [TableObject]

    init(_ comparison: RunComparison) {
      confidence = comparison.request.confidence
      resamples = comparison.request.resamples
      seed = comparison.request.seed
      notes = comparison.notes
      tables = comparison.tables.map(TableObject.init)
    }
  }

  private struct TableObject: Encodable {
    let metric: String
    let better: String
    let targets: String
    let rows: Int
    let runs: [MeanObject]
    let comparisons: [PairObject]

    init(_ table: Table) {
      metric = table.metric.name
      better = table.metric.isLowerBetter ? "lower" : "higher"
      targets = table.targets.rawValue
      rows = table.rows
      runs = table.means.map(MeanObject.init)
      comparisons = table.pairs.map(PairObject.init)
    }
  }

  private struct MeanObject: Encodable {
    let mean: Mean

    init(_ mean: Mean) { self.mean = mean }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Name.self)
      try container.encode(mean.run, forKey: Name("run"))
      try container.encode(mean.mean, forKey: Name("mean"))
      try container.encode(mean.seedMeans, forKey: Name("seed_means"))
      try container.encode(mean.deviation, forKey: Name("standard_deviation"))
    }
  }

  private struct PairObject: Encodable {
    let pair: Pair

    init(_ pair: Pair) { self.pair = pair }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Name.self)
      try container.encode(pair.run, forKey: Name("run"))
      try container.encode(pair.baseline, forKey: Name("baseline"))
      for figure in pair.figures { try container.encode(figure.value, forKey: Name(figure.name)) }
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }
}

/// A cell of a file of comma-separated values.
enum CSVField {
  /// The text, in quotes where it has to be.
  static func text(_ text: String) -> String {
    let isPlain = !text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
    return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  /// The shortest text that reads back as the number; empty for none.
  static func text(_ number: Double?) -> String { number.map { "\($0)" } ?? "" }
}
