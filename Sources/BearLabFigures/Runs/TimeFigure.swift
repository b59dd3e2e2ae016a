internal import BearLabEvaluation
internal import BearLabRun

/// Seconds an epoch against a metric: the paper's Figure 9.
struct TimeFigure {
  let figure: Figure

  init(_ runs: [(name: String, run: RunLog)], metric: String) throws {
    var splits: Set<String> = []
    var rows: Set<Int> = []
    let series = try runs.enumerated().map { index, run in
      guard let seconds = run.run.secondsPerEpoch else {
        throw RunLogError.noSteps(run: run.run.folder.path)
      }
      let figures = try run.run.finalFigures()
      splits.insert(figures.split)
      rows.insert(figures.rows)
      return Figure.Series(
        run.name, .points, colour: index, [Figure.Point(seconds, try figures.required(metric))])
    }
    let counts = rows.sorted().map(String.init).joined(separator: ", ")
    figure = Figure(
      title: "Time against quality",
      note: RunFigure.note(ofOnly: runs.map(\.name))
        + "Seconds of the optimiser steps of an epoch, the median of those after the first where there "
        + "are several; "
        + "\(RunFigure.title(of: metric)) on \(counts) \(splits.sorted().joined(separator: ", ")) rows"
        + (series.contains { $0.points.contains { $0.interval != nil } }
          ? ", with 95 % intervals." : "."),
      panels: [
        Figure.Panel(
          x: Figure.Axis("training time", unit: "seconds an epoch", includesZero: true),
          y: RunFigure.axis(metric, of: splits.count == 1 ? splits.first ?? "" : ""),
          series: series)
      ])
  }
}
