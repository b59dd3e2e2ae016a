public import BearLabEvaluation
public import BearLabTensor
internal import Foundation

/// The table of a run: one row a model.
public struct ReportTable: Sendable {
  /// One model's figures.
  public struct Row: Sendable {
    public let name: String
    public let figures: EvaluationFigures

    /// Names the figures of an evaluation.
    public init(_ name: String, _ figures: EvaluationFigures) {
      self.name = name
      self.figures = figures
    }
  }

  public let rows: [Row]
  /// What the rows are of: test, or validation.
  public let split: String
  public let rowsEvaluated: Int
  public let titleCount: Int
  /// The protocol of evaluation, and what was set otherwise.
  public let protocolSummary: String
  /// Of frozen weights and of the operands of products; nil without a language model.
  public let precision: Precision?

  /// Creates a table.
  public init(
    rows: [Row], split: String = "test", rowsEvaluated: Int, titleCount: Int,
    protocolSummary: String = "consistent",
    precision: Precision? = .f32
  ) {
    self.precision = precision
    self.protocolSummary = protocolSummary
    self.rows = rows
    self.split = split
    self.rowsEvaluated = rowsEvaluated
    self.titleCount = titleCount
  }

  /// Recommenders have no likelihoods.
  private var hasLikelihoods: Bool { precision != nil }

  /// The names of the metrics that were asked for besides.
  private var further: [String] { Set(rows.flatMap(\.figures.further.keys)).sorted() }

  private var header: [String] {
    let cutoffs = RankingMetrics.cutoffs
    return ["model"] + cutoffs.map { "NDCG@\($0)" } + cutoffs.map { "HR@\($0)" }
      + ["HR@10, 95 %"] + further + (hasLikelihoods ? ["item NLL"] : [])
  }

  private var cells: [[String]] {
    rows.map { row in
      [row.name] + (row.figures.ndcg + row.figures.hr).map(Self.figure)
        + [Self.interval(row.figures.hrInterval)]
        + further.map { row.figures.further[$0].map(Self.figure) ?? "–" }
        + (hasLikelihoods
          ? [row.figures.itemNLL.map { String(format: "%.3f", $0) } ?? "–"] : [])
    }
  }

  /// What the columns mean, for below the table.
  public var caption: String {
    guard let precision else {
      return "\(rowsEvaluated) \(split) rows, ranked among \(titleCount) titles; protocol: "
        + protocolSummary
    }
    return String(
      format: "%d %@ rows; item NLL in nats under the constrained soft-max; "
        + "guessing uniformly among %d titles costs %.3f; protocol: ",
      rowsEvaluated, split, titleCount, log(Double(titleCount))) + protocolSummary
      + "; precision: \(precision.rawValue)"
  }

  /// Two rows a model: targets seen in training, and targets never seen.
  private var splitTable: MarkdownTable {
    MarkdownTable(
      header: [
        "model", "targets", "rows", "NDCG@10", "NDCG@10, 95 %", "HR@10", "HR@10, 95 %",
      ],
      rows: rows.flatMap { row in
        [("seen", row.figures.seen), ("unseen", row.figures.unseen)].map { name, figures in
          [row.name, name, "\(figures.rows)"] + Self.lastFigures(of: figures)
        }
      })
  }

  private static func lastFigures(of figures: RankingFigures) -> [String] {
    [(figures.ndcg, figures.ndcgIntervals), (figures.hr, figures.hrIntervals)].flatMap {
      values, intervals in
      guard figures.rows > 0, let value = values.last, let interval = intervals.last else {
        return ["–", "–"]
      }
      return [Self.figure(value), Self.interval(interval)]
    }
  }

  /// Names the models that answer with something else than titles.
  private var validity: String {
    let partly = rows.compactMap { row -> String? in
      guard let share = row.figures.validShare, share < 1 else { return nil }
      return "\(row.name) \(Self.figure(share))"
    }
    return partly.isEmpty
      ? "all answers are titles of the catalogue"
      : "share of the answers that are titles of the catalogue: "
        + partly.joined(separator: ", ") + (partly.count < rows.count ? "; of the others 1" : "")
  }

  static func figure(_ value: Double) -> String { String(format: "%.4f", value) }

  static func interval(_ interval: BinomialInterval) -> String {
    String(format: "%.4f–%.4f", interval.lower, interval.upper)
  }

  /// The tables in Markdown: all rows, then targets seen and never seen in training apart.
  public var text: String {
    MarkdownTable(header: header, rows: cells).text
      + "\n" + caption + "\n\n" + splitTable.text
      + "\nseen: the target's title is in training, in a history or as a target; " + validity
      + "\n"
  }
}
