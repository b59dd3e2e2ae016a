internal import BearLabRun
internal import Foundation

/// Where and by how much beam search loses targets, whatever their rank.
struct LossFigures {
  private let runs: [(name: String, rows: [DiagnosedRow])]

  init(_ runs: [(name: String, run: RunLog)]) throws {
    self.runs = try runs.map { ($0.name, try $0.run.diagnosis()) }
  }

  private var rowCounts: String {
    Set(runs.map(\.rows.count)).sorted().map(String.init).joined(separator: ", ")
  }

  private static func nothing(_ kind: RunFigure) -> FigureError {
    .nothingToDraw(
      kind: kind.rawValue, reason: "no target is lost",
      remedy: "diagnose more rows, with --eval-users, or a narrower beam, with --beam-width")
  }

  /// A histogram of the margins.
  func margins() throws -> Figure {
    let margins = runs.map { $0.rows.compactMap(\.margin).filter(\.isFinite).sorted() }
    let all = margins.joined().sorted()
    guard !all.isEmpty else { throw Self.nothing(.margins) }
    // A few far away would press all others into one bar.
    let limit = all[min(all.count - 1, Int(Double(all.count) * 0.99))]
    let width = Self.width(limit: limit, count: all.count / runs.count)
    let bins = max(1, Int((limit / width).rounded(.up)))
    let series = zip(runs, margins).enumerated().map { index, pair in
      let (run, margins) = pair
      var counts = Array(repeating: 0, count: bins)
      for margin in margins where margin <= Double(bins) * width {
        counts[min(Int(margin / width), bins - 1)] += 1
      }
      return Figure.Series(
        run.name, .histogram(width: width), colour: index,
        margins.isEmpty
          ? []
          : counts.enumerated().map {
            Figure.Point(
              (Double($0) + 0.5) * width, 100 * Double($1) / Double(margins.count))
          })
    }
    let beyond = all.count { $0 > Double(bins) * width }
    let medians = zip(runs, margins).filter { !$1.isEmpty }.map { run, margins in
      String(format: "%.2f", RunLog.median(margins) ?? 0) + (runs.count > 1 ? " (\(run.name))" : "")
    }
    return Figure(
      title: "How far below the beam lost targets are",
      note: single
        + "Margin: how far the target's prefix is below the last candidate of the beam when it "
        + "is lost. Median: \(medians.joined(separator: ", ")) nats; \(all.count) lost targets"
        + (beyond > 0 ? ", \(beyond) of them further right." : "."),
      panels: [
        Figure.Panel(
          x: Figure.Axis("margin", unit: "nats", includesZero: true),
          y: Figure.Axis("share of the lost targets", unit: "%"), series: series)
      ])
  }

  /// A round width of bars: 8 to 25 of them, more for more targets.
  private static func width(limit: Double, count: Int) -> Double {
    let bars = min(25, max(8, Double(count).squareRoot()))
    let rough = max(limit, 0.01) / bars
    let power = pow(10, log10(rough).rounded(.down))
    return ([1, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
  }

  private var single: String { RunFigure.note(ofOnly: runs.map(\.name)) }

  /// The share of all rows whose target is lost at each step.
  func steps() throws -> Figure {
    let last = runs.flatMap { $0.rows.compactMap(\.step) }.max() ?? 0
    guard last > 0 else { throw Self.nothing(.steps) }
    let series = runs.enumerated().map { index, run in
      Figure.Series(
        run.name, .bars, colour: index,
        (1...last).map { step in
          let lost = run.rows.count { $0.step == step }
          return Figure.Point(Double(step), 100 * Double(lost) / Double(run.rows.count))
        })
    }
    let kept = runs.map { run in
      String(
        format: "%.1f %%", 100 * Double(run.rows.count { !$0.isPruned }) / Double(run.rows.count))
        + (runs.count > 1 ? " (\(run.name))" : "")
    }
    return Figure(
      title: "At which step beam search loses targets",
      note: single + "Of \(rowCounts) test rows, whatever the rank of the target; kept to the end: "
        + kept.joined(separator: ", ") + ".",
      panels: [
        Figure.Panel(
          x: Figure.Axis(
            "step", ticks: (1...last).filter { last <= 20 || $0 % 5 == 0 }.map(Double.init)),
          y: Figure.Axis("share of the test rows", unit: "%", includesZero: true), series: series)
      ])
  }
}
