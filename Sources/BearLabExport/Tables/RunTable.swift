internal import BearLabEvaluation
public import BearLabRun

/// The tables that runs are exported as.
public enum RunTable: String, CaseIterable, Sendable {
  /// A row an optimiser step.
  case steps
  /// A row an evaluation.
  case epochs
  /// A row a test row of an evaluation.
  case rows
  /// A row a run: what it ended with, and its settings.
  case summary

  /// Makes the table of some runs; its first column is the run.
  ///
  /// - Throws: what reading the runs' files throws.
  public func table(of runs: [RunLog]) throws -> Table {
    Table(
      try RunLog.named(runs).flatMap { name, run in
        try rows(of: run).map { [("run", Table.Cell.text(name))] + $0 }
      })
  }

  private typealias Row = [(String, Table.Cell)]

  private func rows(of run: RunLog) throws -> [Row] {
    switch self {
    case .steps: try Self.steps(run)
    case .epochs: run.evaluations.map(Self.evaluation)
    case .rows: try Self.testRows(run)
    case .summary: [try Self.summary(run)]
    }
  }

  private static func steps(_ run: RunLog) throws -> [Row] {
    let seconds = try run.stepSeconds()
    return run.steps.map { step in
      [
        ("step", .integer(step.step)), ("epoch", .integer(step.epoch)), ("loss", .real(step.loss)),
        ("gradient_norm", .real(step.gradientNorm)), ("learning_rate", .real(step.learningRate)),
        ("samples", .integer(step.samples)), ("tokens", .integer(step.tokens)),
        ("seconds", .init(seconds[step.step])),
      ]
    }
  }

  private static func evaluation(_ figures: EvaluationFigures) -> Row {
    [
      ("name", .text(figures.name)), ("split", .text(figures.split)),
      ("epoch", .init(RunLog.epoch(of: figures))), ("rows", .integer(figures.rows)),
      ("seen_rows", .integer(figures.seen.rows)), ("unseen_rows", .integer(figures.unseen.rows)),
    ] + figures.metrics.map { ($0.name, .real($0.value)) }
  }

  private static func testRows(_ run: RunLog) throws -> [Row] {
    try run.rankedRows().flatMap { name, rows in
      rows.map { row in
        [
          ("name", .text(name)), ("user", .integer(row.user)),
          ("timestamp", .integer(row.timestamp)), ("target", .integer(row.target)),
          ("title", .integer(row.title)), ("seen", .flag(row.isSeen)), ("rank", .init(row.rank)),
          ("item_nll", .init(row.itemNLL)),
        ]
      }
    }
  }

  private static func summary(_ run: RunLog) throws -> Row {
    let figures = try run.finalFigures()
    return [
      ("name", .text(figures.name)), ("split", .text(figures.split)),
      ("rows", .integer(figures.rows)),
    ] + figures.metrics.map { ($0.name, Table.Cell.real($0.value)) } + [
      ("steps", .integer(run.steps.count)), ("seconds_per_epoch", .init(run.secondsPerEpoch)),
    ] + run.settings.map { ($0.path, .text($0.text)) }
  }
}
