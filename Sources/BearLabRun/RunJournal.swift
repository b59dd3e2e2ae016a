internal import BearLabCore
internal import BearLabEvaluation

/// What a run notes as it goes: metrics, times, the results of rows; and what was measured before.
final class RunJournal {
  let folder: RunFolder
  let metrics: JSONLines
  let timing: JSONLines
  let observer: (RunEvent) -> Void
  let clock = ContinuousClock()
  private(set) var evaluations: [EvaluationFigures]
  private let further: [NamedMetric]

  /// Opens the files of a run.
  ///
  /// - Parameters:
  ///   - folder: of the run.
  ///   - description: of the run, which says what is measured.
  ///   - length: in bytes, what is kept of `metrics.jsonl`.
  ///   - observer: told of every row that is measured.
  /// - Throws: ``RunFolderError``.
  init(
    _ folder: RunFolder, of description: RunDescription, keepingMetrics length: Int,
    observer: @escaping (RunEvent) -> Void
  ) throws {
    self.folder = folder
    further = description.metrics
    self.observer = observer
    timing = try folder.openLines("timing.jsonl")
    metrics = try folder.openLines("metrics.jsonl", keeping: length)
    evaluations = folder.evaluations()
  }

  /// The row of an evaluation on test, measured unless `metrics.jsonl` has it.
  func report(
    _ title: String, as name: String, _ evaluate: () throws -> Evaluation
  ) throws -> ReportTable.Row {
    let figures = try figures(name, split: "test") {
      let evaluation = try evaluate()
      try RowResults.write(evaluation, name: name, in: folder)
      return evaluation
    }
    let row = ReportTable.Row(title, figures)
    observer(.measured(name: title, row: row))
    return row
  }

  /// The figures of an evaluation, measured unless `metrics.jsonl` has them.
  func figures(
    _ name: String, split: String, _ evaluate: () throws -> Evaluation
  ) throws -> EvaluationFigures {
    if let known = evaluations.first(where: { $0.name == name && $0.split == split }) {
      return known
    }
    let figures = EvaluationFigures(
      try evaluate(), name: name, split: split, metrics: further)
    try metrics.append(figures)
    evaluations.append(figures)
    return figures
  }
}
