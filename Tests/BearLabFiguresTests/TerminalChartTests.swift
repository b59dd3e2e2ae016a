import Testing

@testable import BearLabFigures

/// Charts in the letters of a terminal.
@Suite struct TerminalChartTests {
  private func text(
    _ mark: Figure.Mark, x: Figure.Axis = Figure.Axis("x"), _ points: [Figure.Point]...,
    columns: Int = 60, colours: Bool = false
  ) -> String {
    let series = points.enumerated().map { Figure.Series("s\($0)", mark, colour: $0, $1) }
    return TerminalChart(
      Figure(title: "T", panels: [.init(x: x, y: Figure.Axis("y", unit: "%"), series: series)]),
      columns: columns, colours: colours
    ).text
  }

  @Test func aLineGoesFromCornerToCorner() throws {
    let chart = text(.line, [.init(0, 0), .init(10, 10)])
    let lines = chart.split(separator: "\n")
    #expect(lines[0] == "T" && lines[1] == "  y, %")
    #expect(lines[2].hasPrefix("   10 ┤"))
    // The canvas: rising, so the first dots are further right the higher they are.
    let canvas = lines[2..<16].map { Array($0.drop { $0 != "┤" && $0 != "│" }.dropFirst()) }
    let starts = try canvas.map { try #require($0.firstIndex { $0 != " " }) }
    #expect(starts == starts.sorted(by: >) && starts.last == 0)
    #expect(lines[15].hasPrefix("    0 ┤"))
    #expect(lines[16].contains("└┬") && lines[17].contains(" 10"))
    #expect(lines[18].trimmingPrefix(while: \.isWhitespace) == "x")
  }

  @Test func rowsHaveTheirValues() {
    let chart = text(
      .points, x: .init("run", scale: .rows(["one", "two"])),
      [.init(0, 50, interval: 25...75), .init(1, 100)])
    #expect(chart.contains("one │") && chart.contains("├") && chart.contains("┤"))
    #expect(chart.contains(" 50.0 (25.0–75.0)") && chart.contains("● 100.0"))
  }

  @Test func barsAreAsLongAsTheirValues() {
    let lines = text(.bars, x: .init("step", ticks: [1, 2]), [.init(1, 10), .init(2, 5)])
      .split(separator: "\n")
    let lengths = lines.suffix(2).map { line in line.count { $0 == "█" } }
    #expect(abs(lengths[0] - 2 * lengths[1]) <= 1 && lengths[1] > 5)
  }

  @Test(arguments: [40, 80, 200])
  func nothingIsWiderThanTheTerminal(columns: Int) {
    let points = (0..<50).map { Figure.Point(Double($0) * 1000, Double($0 * $0)) }
    for mark in [Figure.Mark.line, .linePoints, .points, .histogram(width: 1000)] {
      let chart = text(mark, points, points.map { .init($0.x, -$0.y) }, columns: columns)
      #expect(chart.split(separator: "\n").allSatisfy { $0.count <= min(columns, 120) })
    }
  }

  @Test func coloursAreLeftOutWhereNobodySeesThem() {
    let points = (0..<20).map { Figure.Point(Double($0), 1) }
    let plain = text(.line, points, points)
    #expect(!plain.contains("\u{1B}"))
    // Signs tell lines apart there.
    #expect(plain.contains("● s0   ■ s1"))
    #expect(plain.split(separator: "\n").dropFirst(2).contains { $0.contains("■") })
    let coloured = text(.line, points, points, colours: true)
    #expect(coloured.contains("\u{1B}[38;2;0;114;178m") && coloured.contains("\u{1B}[0m"))
  }

  @Test func degenerateFiguresAreDrawn() {
    #expect(text(.line, []).contains("┤"))
    #expect(text(.points, [.init(3, 3)]).contains("●"))
    #expect(text(.line, [.init(0, .infinity), .init(1, 1)]).contains("┤"))
  }

  /// Names come from folders: what a terminal would obey is shown.
  @Test func escapesOfNamesAreShown() {
    let figure = Figure(
      title: "",
      panels: [
        .init(
          x: .init("run", scale: .rows(["\u{1B}[2Jx"])), y: .init("y"),
          series: [.init("a", .points, colour: 0, [.init(0, 1)])])
      ])
    #expect(!TerminalChart(figure, columns: 80, colours: false).text.contains("\u{1B}"))
  }
}
