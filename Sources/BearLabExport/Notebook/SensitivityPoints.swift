internal import BearLabFigures
internal import BearLabRun

/// The sensitivity of runs that differ in a setting of numbers, for a cell and its picture.
struct SensitivityPoints {
  let figure: Figure

  /// - Throws: `FigureError` where the runs do not differ in such a setting.
  init(_ runs: [RunLog]) throws {
    let table = try SweepTable(of: runs, metric: Self.metric)
    figure = try SensitivityFigure(table, metric: Self.metric).figure
    // Runs that differ in more than numbers are not a sweep.
    guard table.rows.allSatisfy({ $0.settings.count == table.parameters.count }),
      table.rows.allSatisfy({ row in row.settings.values.allSatisfy { Double($0) != nil } })
    else { throw FigureError.notVaried(path: "") }
  }

  private static let metric = "ndcg@10"

  /// What the template's places are filled with.
  var values: [String: String] {
    guard let panel = figure.panels.first else { return [:] }
    let points = panel.series.flatMap { series in
      series.points.map { "(\(NotebookExport.python(series.name)), \($0.x), \($0.y))" }
    }
    return [
      "SENSITIVITY": figure.note,
      "POINTS": "[\n    " + points.joined(separator: ",\n    ") + ",\n]",
      "PARAMETER": panel.x.label, "METRIC": panel.y.label,
      "SCALE": panel.x.scale == .logarithmic ? "log" : "linear",
    ]
  }
}
