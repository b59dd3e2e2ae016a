/// A metric against a setting, a line for each choice of the others: the paper's Figure 8.
public struct SensitivityFigure {
  public let figure: Figure

  /// Draws a table.
  ///
  /// - Parameters:
  ///   - table: of runs or of a sweep.
  ///   - metric: what the numbers are.
  ///   - parameter: along the axis; nil for the setting of numbers that has most values.
  /// - Throws: ``FigureError/notVaried(path:)`` where no setting of numbers differs.
  public init(
    _ table: SweepTable, metric: String, parameter: String? = nil
  ) throws(FigureError) {
    func numbers(_ name: String) -> [Double]? {
      let texts = table.rows.map { $0.settings[name].flatMap(Double.init) }
      return texts.contains { $0 == nil } ? nil : Set(texts.compactMap(\.self)).sorted()
    }
    let candidates = parameter.map { [$0] } ?? table.parameters
    guard let name = candidates.first(where: { numbers($0) != nil }), let ticks = numbers(name),
      let low = ticks.first, let high = ticks.last
    else { throw .notVaried(path: candidates.joined(separator: ", ")) }
    let others = table.parameters.filter { $0 != name }
    let lines = Self.lines(of: table, along: name, others)
    let isRepeated = lines.contains { $0.points.contains { $0.count > 1 } }
    let series = lines.enumerated().map { index, line in
      Figure.Series(
        line.name, .linePoints, colour: index, line.points.map(Self.point))
    }
    figure = Figure(
      title: "\(RunFigure.title(of: metric).capitalisedFirst) against \(name)",
      note: isRepeated
        ? "Mean and standard deviation of the runs that differ in nothing else but the seed."
        : series.contains { $0.points.contains { $0.interval != nil } }
          ? "One run a point, with 95 % intervals." : "",
      panels: [
        Figure.Panel(
          x: Figure.Axis(
            name, scale: low > 0 && high / low >= 8 ? .logarithmic : .linear, ticks: ticks),
          y: RunFigure.axis(metric, of: table.split), series: series)
      ])
  }

  /// The rows of each choice of the other settings, by their place along the axis.
  private static func lines(
    of table: SweepTable, along name: String, _ others: [String]
  ) -> [(name: String, points: [[(x: Double, row: SweepTable.Row)]])] {
    var order: [String] = []
    var lines: [String: [Double: [SweepTable.Row]]] = [:]
    for row in table.rows {
      guard let x = row.settings[name].flatMap(Double.init) else { continue }
      let line = others.map { other in
        // The last word tells settings apart well enough: lambda=0.5.
        "\(other.split(separator: ".").last ?? "")=\(row.settings[other] ?? "–")"
      }.joined(separator: " ")
      if lines[line] == nil { order.append(line) }
      lines[line, default: [:]][x, default: []].append(row)
    }
    return order.map { line in
      (
        line,
        (lines[line] ?? [:]).sorted { $0.key < $1.key }.map { x, rows in rows.map { (x, $0) } }
      )
    }
  }

  /// One run as it is, several as their mean and standard deviation.
  private static func point(_ rows: [(x: Double, row: SweepTable.Row)]) -> Figure.Point {
    let first = rows[0]
    guard rows.count > 1 else {
      return Figure.Point(first.x, first.row.value, interval: first.row.interval)
    }
    let mean = rows.reduce(0) { $0 + $1.row.value } / Double(rows.count)
    let squares = rows.reduce(0) { $0 + ($1.row.value - mean) * ($1.row.value - mean) }
    let deviation = (squares / Double(rows.count - 1)).squareRoot()
    return Figure.Point(first.x, mean, interval: (mean - deviation)...(mean + deviation))
  }
}
