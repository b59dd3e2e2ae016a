/// A metric against a setting, a line for each choice of the others: the paper's Figure 8.
public struct SensitivityFigure {
  private typealias Line = (name: String, points: [(x: Double, rows: [Int])])

  public let figure: Figure

  /// Draws a table.
  ///
  /// The setting of numbers that has most values lies along the axis. Where settings were varied one
  /// at a time, each has a panel of its own with the lines that it makes; where no two runs share
  /// all others, as in a random search, each has a panel of points.
  ///
  /// - Parameters:
  ///   - table: of runs or of a sweep.
  ///   - metric: what the numbers are.
  ///   - parameter: along the axis, of the only panel; nil to choose.
  /// - Throws: ``FigureError/notVaried(path:)`` where no setting of numbers differs.
  public init(
    _ table: SweepTable, metric: String, parameter: String? = nil
  ) throws(FigureError) {
    let candidates = parameter.map { [$0] } ?? table.parameters
    let names = candidates.filter { Self.numbers(of: table, $0) != nil }
    guard let first = names.first else {
      throw .notVaried(path: candidates.joined(separator: ", "))
    }
    let (panels, shown) =
      parameter == nil
      ? Self.panels(table, metric, names)
      : (
        [Self.panel(table, metric, along: first, Self.lines(of: table, along: first))],
        table.rows.indices.count
      )
    figure = Figure(
      title: "\(RunFigure.title(of: metric).capitalisedFirst) against "
        + (panels.count > 1 ? "settings" : panels.first?.x.label ?? first),
      note: Self.note(table, panels, left: table.rows.count - shown), panels: panels)
  }

  /// Of each setting in turn the lines that it makes, until all runs are shown; points where none
  /// makes any.
  ///
  /// - Returns: the panels, and how many runs they show.
  private static func panels(
    _ table: SweepTable, _ metric: String, _ names: [String]
  ) -> (panels: [Figure.Panel], shown: Int) {
    var panels: [Figure.Panel] = []
    var shown: Set<Int> = []
    for name in names where shown.count < table.rows.count {
      let lines = lines(of: table, along: name).filter { $0.points.count > 1 }
      guard !lines.isEmpty else { continue }
      shown.formUnion(lines.flatMap { $0.points.flatMap(\.rows) })
      panels.append(panel(table, metric, along: name, lines))
    }
    guard panels.isEmpty else { return (panels, shown.count) }
    // No two runs share all other settings: those that are no numbers tell the points apart.
    return (
      names.map {
        panel(table, metric, along: $0, lines(of: table, along: $0, apart: names), .points)
      },
      table.rows.count
    )
  }

  private static func note(
    _ table: SweepTable, _ panels: [Figure.Panel], left: Int
  ) -> String {
    let repeated = Dictionary(grouping: table.rows, by: \.settings).values.filter { $0.count > 1 }
    let hasIntervals = panels.contains { panel in
      panel.series.contains { $0.points.contains { $0.interval != nil } }
    }
    var note = ""
    if !repeated.isEmpty {
      note = "Mean and standard deviation of the runs that differ in nothing else but the seed"
      let alone = table.rows.count - repeated.reduce(0) { $0 + $1.count }
      note += alone > 0 && hasIntervals ? "; of one run its 95 % interval." : "."
    } else if hasIntervals {
      note = "One run a point, with 95 % intervals."
    }
    if left > 0 {
      note += note.isEmpty ? "" : " "
      note += "Not shown: \(left) of \(table.rows.count) runs, which share their other settings "
      note += "with none."
    }
    return note
  }

  /// The values of a setting; nil where they are not all numbers.
  private static func numbers(of table: SweepTable, _ name: String) -> [Double]? {
    let texts = table.rows.map { $0.settings[name].flatMap(Double.init) }
    return texts.contains { $0 == nil } ? nil : Set(texts.compactMap(\.self)).sorted()
  }

  private static func panel(
    _ table: SweepTable, _ metric: String, along name: String, _ lines: [Line],
    _ mark: Figure.Mark = .linePoints
  ) -> Figure.Panel {
    let ticks = Set(lines.flatMap { $0.points.map(\.x) }).sorted()
    let (low, high) = (ticks.first ?? 0, ticks.last ?? 0)
    return Figure.Panel(
      x: Figure.Axis(
        name, scale: low > 0 && high / low >= 8 ? .logarithmic : .linear,
        ticks: ticks.count > mostTicks ? nil : ticks),
      y: RunFigure.axis(metric, of: table.split),
      series: lines.enumerated().map { index, line in
        Figure.Series(
          line.name, mark, colour: index,
          line.points.map { point($0.x, $0.rows.map { table.rows[$0] }) })
      })
  }

  /// More values than these have round ticks.
  private static let mostTicks = 12

  /// The rows of each choice of the other settings, but for some, by their place along the axis.
  private static func lines(
    of table: SweepTable, along name: String, apart from: [String] = []
  ) -> [Line] {
    let others = table.parameters.filter { $0 != name && !from.contains($0) }
    var order: [String] = []
    var lines: [String: [Double: [Int]]] = [:]
    for (index, row) in table.rows.enumerated() {
      guard let x = row.settings[name].flatMap(Double.init) else { continue }
      let line = others.map { other in
        // The last word tells settings apart well enough: lambda=0.5.
        "\(other.split(separator: ".").last ?? "")=\(row.settings[other] ?? "–")"
      }.joined(separator: " ")
      if lines[line] == nil { order.append(line) }
      lines[line, default: [:]][x, default: []].append(index)
    }
    return order.map { line in
      let places = (lines[line] ?? [:]).sorted { $0.key < $1.key }
      return (line, places.flatMap { x, rows in alike(rows, in: table).map { (x, $0) } })
    }
  }

  /// Rows by their settings: only those that share all of them are repetitions.
  private static func alike(_ rows: [Int], in table: SweepTable) -> [[Int]] {
    Dictionary(grouping: rows) { table.rows[$0].settings }.values.sorted { $0[0] < $1[0] }
  }

  /// One run as it is, several as their mean and standard deviation.
  private static func point(_ x: Double, _ rows: [SweepTable.Row]) -> Figure.Point {
    let values = rows.map(\.value)
    guard values.count > 1 else { return Figure.Point(x, values[0], interval: rows[0].interval) }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return Figure.Point(x, mean, interval: (mean - deviation)...(mean + deviation))
  }
}
