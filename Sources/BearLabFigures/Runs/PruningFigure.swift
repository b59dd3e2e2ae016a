internal import BearLabEvaluation
internal import BearLabRun

/// PR@5 and PR@10 of several runs, with Wilson's intervals.
struct PruningFigure {
  let figure: Figure

  init(_ runs: [(name: String, run: RunLog)]) throws {
    let rows = try runs.map { try $0.run.diagnosis() }
    let series = Diagnosis.cutoffs.enumerated().map { index, cutoff in
      Figure.Series(
        "PR@\(cutoff)", .points, colour: index,
        rows.enumerated().compactMap { place, rows in
          let targets = rows.filter { $0.isRankExact && $0.rank <= cutoff }
          guard !targets.isEmpty else { return nil }
          let lost = targets.count(where: \.isPruned)
          let interval = BinomialInterval.wilson(successes: lost, trials: targets.count)
          return Figure.Point(
            Double(place), 100 * Double(lost) / Double(targets.count),
            interval: (100 * interval.lower)...(100 * interval.upper))
        })
    }
    guard series.contains(where: { !$0.points.isEmpty }) else {
      throw FigureError.nothingToDraw(
        kind: RunFigure.pruning.rawValue,
        reason: "no target is among the \(Diagnosis.cutoffs.last ?? 0) most probable titles",
        remedy: "diagnose more rows, with --eval-users, or a model that is trained longer")
    }
    figure = Figure(
      title: "Right titles that beam search loses",
      note: "PR@K: of the targets among the K titles of the highest total log-probability, the "
        + "share that beam search loses; 95 % intervals (Wilson).",
      panels: [
        Figure.Panel(
          x: Figure.Axis("run", scale: .rows(runs.map(\.name))),
          y: Figure.Axis("pruning rate", unit: "%", includesZero: true), series: series)
      ])
  }
}
