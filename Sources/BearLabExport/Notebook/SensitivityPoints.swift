internal import BearLabFigures
internal import BearLabRun

/// The sensitivity of runs that differ in settings of numbers, for a cell and its picture.
struct SensitivityPoints {
  let figure: Figure

  /// Takes the most runs that differ in numbers alone: those with another objective are left out.
  ///
  /// - Throws: `FigureError` where no two runs differ in such a setting.
  init(_ runs: [RunLog]) throws {
    let groups = Dictionary(grouping: runs, by: Self.choices).values.map { group in
      (first: runs.firstIndex { $0.folder.path == group[0].folder.path } ?? 0, runs: group)
    }
    // The largest may differ in the seed alone.
    let figures = groups.sorted { (-$0.runs.count, $0.first) < (-$1.runs.count, $1.first) }
      .lazy.compactMap { group in
        try? SensitivityFigure(
          SweepTable(of: group.runs, metric: Self.metric), metric: Self.metric
        ).figure
      }
    guard let figure = figures.first else {
      throw FigureError.notVaried(path: runs.map(\.name).joined(separator: ", "))
    }
    self.figure = figure
  }

  private static let metric = "ndcg@10"

  /// The settings that are there, and those that are no numbers.
  private static func choices(of run: RunLog) -> [String: String] {
    Dictionary(
      run.settings.map {
        ($0.path, Double($0.text) == nil && $0.path != "init-from" ? $0.text : "")
      },
      uniquingKeysWith: { $1 })
  }

  /// What the template's places are filled with.
  var values: [String: String] {
    let points = figure.panels.flatMap { panel in
      panel.series.flatMap { series in
        series.points.map {
          "(\(NotebookExport.python(panel.x.label)), \(NotebookExport.python(series.name)), "
            + "\($0.x), \($0.y))"
        }
      }
    }
    let logarithmic = figure.panels.filter { $0.x.scale == .logarithmic }.map(\.x.label)
    return [
      "SENSITIVITY": figure.note,
      "POINTS": "[\n    " + points.joined(separator: ",\n    ") + ",\n]",
      "LOGARITHMIC": "[" + logarithmic.map(NotebookExport.python).joined(separator: ", ") + "]",
      "METRIC": figure.panels.first?.y.label ?? "",
    ]
  }
}
