public import BearLabEvaluation
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
  public let rowsEvaluated: Int
  public let titleCount: Int
  /// The protocol of evaluation, and what was set otherwise.
  public let protocolSummary: String

  /// Creates a table.
  public init(
    rows: [Row], rowsEvaluated: Int, titleCount: Int, protocolSummary: String = "consistent"
  ) {
    self.protocolSummary = protocolSummary
    self.rows = rows
    self.rowsEvaluated = rowsEvaluated
    self.titleCount = titleCount
  }

  private static var header: [String] {
    let cutoffs = RankingMetrics.cutoffs
    return ["model"] + cutoffs.map { "NDCG@\($0)" } + cutoffs.map { "HR@\($0)" }
      + ["HR@10, 95 %", "item NLL"]
  }

  private var cells: [[String]] {
    rows.map { row in
      [row.name] + (row.figures.ndcg + row.figures.hr).map { String(format: "%.4f", $0) }
        + [
          String(
            format: "%.4f–%.4f", row.figures.hrInterval.lower, row.figures.hrInterval.upper),
          row.figures.itemNLL.map { String(format: "%.3f", $0) } ?? "–",
        ]
    }
  }

  /// What the columns mean, for below the table.
  public var caption: String {
    String(
      format: "%d test rows; item NLL in nats under the constrained soft-max; "
        + "guessing uniformly among %d titles costs %.3f; protocol: ",
      rowsEvaluated, titleCount, log(Double(titleCount))) + protocolSummary
  }

  /// The table in Markdown, its columns aligned so that a terminal shows it as well.
  public var text: String {
    let lines = [Self.header] + cells
    let widths = Self.header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      column == 0
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    return ([line(Self.header), line(rule)] + cells.map(line)).joined(separator: "\n")
      + "\n\n" + caption + "\n"
  }
}
