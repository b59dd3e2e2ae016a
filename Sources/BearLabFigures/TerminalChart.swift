internal import BearLabErrors

/// A figure in the letters of a terminal.
///
/// Lines and points are drawn in braille letters, bars and rows with names in blocks. It needs no
/// gnuplot: the letters of gnuplot 5.4's `dumb` terminal are too coarse for curves.
public struct TerminalChart {
  /// A sign tells series apart where there are no colours.
  static let signs: [Character] = ["●", "■", "▲", "◆", "▼", "○", "□", "△"]
  private static let height = 14

  private let figure: Figure
  let columns: Int
  private let hasColours: Bool

  /// Prepares a chart.
  ///
  /// - Parameters:
  ///   - figure: what is drawn.
  ///   - columns: the width of the terminal in letters.
  ///   - colours: whether it shows colours, which are ANSI's sequences for 24 bits.
  public init(_ figure: Figure, columns: Int = 80, colours: Bool) {
    var figure = figure
    figure.panels = figure.panels.map(\.finite)
    self.figure = figure
    self.columns = min(max(columns, 40), 120)
    hasColours = colours
  }

  /// The lines.
  public var text: String {
    var lines = figure.title.isEmpty ? [] : [bold(figure.title)]
    let legends = figure.legends
    for (panel, legend) in zip(figure.panels, legends) {
      lines += [""]
      if !legend.isEmpty {
        lines += [
          "  "
            + legend.map { paint(sign($0) + " " + excerpt(of: $0.name), $0.colour) }
            .joined(separator: "   ")
        ]
      }
      lines += isRows(panel) ? rows(of: panel) : curves(panel)
    }
    if !figure.note.isEmpty {
      lines += [""] + FigureLayout.wrapped(figure.note, columns: columns)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Gives a text a colour of the palette.
  func paint(_ text: String, _ index: Int) -> String {
    guard hasColours else { return text }
    // The palette's black would not be seen on black.
    let colour = Palette.colour(index)
    let isBlack = colour.red + colour.green + colour.blue == 0
    return isBlack
      ? text : "\u{1B}[38;2;\(colour.red);\(colour.green);\(colour.blue)m\(text)\u{1B}[0m"
  }

  private func bold(_ text: String) -> String {
    hasColours ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }

  func sign(_ series: Figure.Series) -> String { String(Self.sign(series)) }

  private static func sign(_ series: Figure.Series) -> Character {
    signs[series.colour % signs.count]
  }

  /// Names, and bars of few steps, are rows; everything else is a curve.
  private func isRows(_ panel: Figure.Panel) -> Bool {
    panel.x.rowNames != nil || panel.series.contains { $0.mark == .bars }
  }

  private func curves(_ panel: Figure.Panel) -> [String] {
    let y = Scale(panel.y, values: panel.shownValues, count: 5)
    let margin = max(4, y.ticks.map(\.label.count).max() ?? 0) + 1
    let width = columns - margin - 3
    let x = figure.places(of: panel, count: max(3, width / 12))
    var canvas = BrailleCanvas(columns: width, rows: Self.height)
    for series in panel.series { draw(series, on: &canvas, x, y) }
    var labels: [Int: String] = [:]
    for tick in y.ticks where (0...1).contains(y.place(of: tick.value)) {
      let row = Int(((1 - y.place(of: tick.value)) * Double(Self.height - 1)).rounded())
      labels[row] = tick.label
    }
    let drawn = canvas.lines(paint).enumerated().map { row, line in
      Self.right(labels[row] ?? "", margin) + (labels[row] == nil ? " │" : " ┤") + line
    }
    return ["  " + panel.y.text] + drawn + axis(x, panel.x.text, margin: margin, width: width)
  }

  private func draw(
    _ series: Figure.Series, on canvas: inout BrailleCanvas, _ x: Scale, _ y: Scale
  ) {
    func place(_ point: Figure.Point) -> (x: Double, y: Double) {
      (x.place(of: point.x), y.place(of: point.y))
    }
    switch series.mark {
    case .line, .linePoints:
      for (first, last) in zip(series.points, series.points.dropFirst()) {
        canvas.line(from: place(first), to: place(last), colour: series.colour)
      }
    case .histogram(let width):
      let corners = series.outline(width: width)
      for (first, last) in zip(corners, corners.dropFirst()) {
        canvas.line(from: place(first), to: place(last), colour: series.colour)
      }
    case .points, .bars: break
    }
    for point in marked(series) {
      if let interval = point.interval, series.mark != .line {
        let (low, high) = (
          Figure.Point(point.x, interval.lowerBound), Figure.Point(point.x, interval.upperBound)
        )
        canvas.line(from: place(low), to: place(high), colour: series.colour)
      }
      let place = place(point)
      canvas.sign(Self.sign(series), place.x, place.y, colour: series.colour)
    }
  }

  /// The points that bear a sign: of a line some, and where there are no colours alone.
  private func marked(_ series: Figure.Series) -> [Figure.Point] {
    switch series.mark {
    case .points, .linePoints, .bars: return series.points
    case .line, .histogram:
      guard !hasColours, figure.legends.contains(where: { !$0.isEmpty }) else { return [] }
      let step = max(1, series.points.count / 8)
      return series.points.enumerated()
        .filter { ($0.offset + series.colour * step / 3) % step == step / 2 }.map(\.element)
    }
  }

  private func axis(_ scale: Scale, _ text: String, margin: Int, width: Int) -> [String] {
    var line = Array(repeating: Character("─"), count: width)
    var labels = Array(repeating: Character(" "), count: columns)
    var free = 0
    for tick in scale.ticks where (0...1).contains(scale.place(of: tick.value)) {
      let column = Int((scale.place(of: tick.value) * Double(width - 1)).rounded())
      line[column] = "┬"
      let centred = max(0, column + margin + 2 - tick.label.count / 2)
      let start = min(centred, columns - tick.label.count)
      // A label that would touch the one before it is left out.
      guard start >= free else { continue }
      labels.replaceSubrange(start..<(start + tick.label.count), with: Array(tick.label))
      free = start + tick.label.count + 1
    }
    let name = String(repeating: " ", count: margin + 2 + max(0, (width - text.count) / 2)) + text
    return [
      String(repeating: " ", count: margin) + " └" + String(line),
      String(String(labels).reversed().drop { $0 == " " }.reversed()), name,
    ]
  }

  /// A text at the right end of a column.
  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
