internal import BearLabEvaluation
internal import BearLabRun
internal import Foundation

/// Loss against step, smoothed, and below it what was measured after each epoch.
struct TrainingFigure {
  private let runs: [(name: String, run: RunLog)]
  private let metric: String

  init(_ runs: [(name: String, run: RunLog)], metric: String) {
    self.runs = runs
    self.metric = metric
  }

  func figure() throws -> Figure {
    if runs.allSatisfy({ $0.run.steps.isEmpty && !$0.run.recommenderEpochs.isEmpty }) {
      return recommenders
    }
    for (_, run) in runs where run.steps.isEmpty {
      throw RunLogError.noSteps(run: run.folder.path)
    }
    let window = Self.window(of: runs.map(\.run.steps.count).max() ?? 0)
    let step = Figure.Axis("optimiser step", scale: .counts)
    var panels = [
      Figure.Panel(
        x: step, y: Figure.Axis("training loss", unit: "nats"),
        series: runs.enumerated().map { index, run in
          Self.series(
            run.name, index,
            Self.smoothed(
              run.run.steps.map { (Double($0.step + 1), $0.loss) }, window: window))
        })
    ]
    let measured = try epochs(step)
    if let measured { panels.append(measured.panel) }
    return Figure(
      title: "Training",
      note: single
        + (window > 1
          ? "Line: mean of the \(window) steps around; band: their standard deviation. " : "")
        + (measured?.note ?? ""),
      panels: panels)
  }

  private var single: String { RunFigure.note(ofOnly: runs.map(\.name)) }

  /// A line; of one value a point, as a line of it could not be seen.
  private static func series(
    _ name: String, _ colour: Int, _ points: [Figure.Point]
  ) -> Figure.Series {
    Figure.Series(name, points.count == 1 ? .points : .line, colour: colour, points)
  }

  /// The metric after each epoch; nil where no run measures its epochs.
  private func epochs(_ step: Figure.Axis) throws -> (panel: Figure.Panel, note: String)? {
    var series: [Figure.Series] = []
    var splits: Set<String> = []
    var rows: Set<Int> = []
    for (index, (name, run)) in runs.enumerated() {
      let points = try run.epochFigures.compactMap { epoch, figures -> Figure.Point? in
        guard let last = run.steps.last(where: { $0.epoch == epoch }) else { return nil }
        splits.insert(figures.split)
        rows.insert(figures.rows)
        return Figure.Point(Double(last.step + 1), try figures.required(metric))
      }
      if !points.isEmpty {
        series.append(Figure.Series(name, .linePoints, colour: index, points))
      }
    }
    guard !series.isEmpty else { return nil }
    let split = splits.count == 1 ? splits.first ?? "" : ""
    let hasIntervals = series.contains { $0.points.contains { $0.interval != nil } }
    let count = rows.sorted().map(String.init).joined(separator: ", ")
    let axis = RunFigure.axis(metric, of: split)
    let isSingle = series.allSatisfy { $0.points.count == 1 }
    return (
      isSingle
        ? Self.single(series, axis) : Figure.Panel(x: step, y: axis, series: series),
      "\(RunFigure.title(of: metric)) after each epoch on \(count) "
        + splits.sorted().joined(separator: " or ") + " rows"
        + (hasIntervals ? ", with 95 % intervals." : ".")
    )
  }

  /// Of runs of one epoch: a row a run, since all their points would be at the end.
  private static func single(_ series: [Figure.Series], _ axis: Figure.Axis) -> Figure.Panel {
    let points = series.enumerated().flatMap { row, series in
      series.points.map { Figure.Point(Double(row), $0.y, interval: $0.interval) }
    }
    return Figure.Panel(
      x: Figure.Axis("run", scale: .rows(series.map(\.name))), y: axis,
      series: [Figure.Series("after the epoch", .points, colour: 6, points)])
  }

  /// Recommenders have epochs alone.
  private var recommenders: Figure {
    let epoch = Figure.Axis("epoch", scale: .counts)
    func series(_ value: (RunLog.RecommenderEpoch) -> Double?) -> [Figure.Series] {
      runs.enumerated().map { index, run in
        Self.series(
          run.name, index,
          run.run.recommenderEpochs.compactMap { line in
            value(line).map { Figure.Point(Double(line.epoch), $0) }
          })
      }
    }
    let measured = series(\.validationNDCG)
    let loss = Figure.Panel(x: epoch, y: Figure.Axis("training loss"), series: series(\.loss))
    let ndcg = Figure.Panel(x: epoch, y: Figure.Axis("validation NDCG@10"), series: measured)
    return Figure(
      title: "Training", note: single,
      panels: measured.contains { !$0.points.isEmpty } ? [loss, ndcg] : [loss])
  }

  /// An odd number of steps, a twentieth of all, that is smoothed over.
  static func window(of count: Int) -> Int { count < 20 ? 1 : max(5, count / 20) | 1 }

  /// The mean of the steps around each, with their standard deviation; fewer at the ends.
  static func smoothed(_ values: [(x: Double, y: Double)], window: Int) -> [Figure.Point] {
    guard window > 1 else { return values.map { Figure.Point($0.x, $0.y) } }
    return values.indices.map { index in
      let first = max(0, index - window / 2)
      let last = min(values.count - 1, index + window / 2)
      let around = values[first...last].map(\.y)
      let mean = around.reduce(0, +) / Double(around.count)
      let squares = around.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = (squares / Double(around.count)).squareRoot()
      return Figure.Point(values[index].x, mean, interval: (mean - deviation)...(mean + deviation))
    }
  }
}
