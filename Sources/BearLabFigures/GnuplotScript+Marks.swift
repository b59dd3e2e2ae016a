/// What is drawn between the axes.
extension GnuplotScript {
  /// The points of a panel's series, each under a name.
  func data(_ panel: Figure.Panel, _ index: Int, _ places: Scale) -> [String] {
    panel.series.enumerated().flatMap { number, series in
      ["$p\(index)s\(number) << EOD"]
        + rows(of: series, number, in: panel, places).map {
          $0.map { "\($0)" }.joined(separator: " ")
        } + ["EOD"]
    }
  }

  /// x, y, and the ends of the interval where a mark shows it.
  private func rows(
    of series: Figure.Series, _ number: Int, in panel: Figure.Panel, _ places: Scale
  ) -> [[Double]] {
    let isRows = panel.x.rowNames != nil
    switch series.mark {
    case .histogram(let width):
      return series.outline(width: width).map { [$0.x, $0.y] }
    case .bars:
      let shift = panel.shift(of: number, step: Self.barWidth(in: panel))
      return series.points.map { [$0.x + shift, $0.y] }
    case .line, .linePoints, .points:
      let step = isRows ? 0.6 / Double(panel.series.count) : errorBarStep(panel, places)
      let shift = panel.shift(of: number, step: series.mark == .line ? 0 : step)
      return series.points.map { point in
        let ends = [point.interval?.lowerBound ?? point.y, point.interval?.upperBound ?? point.y]
        return (isRows ? [point.y, point.x + shift] : [point.x + shift, point.y]) + ends
      }
    }
  }

  /// How far the error bars of two series stand apart that are measured at the same places.
  private func errorBarStep(_ panel: Figure.Panel, _ places: Scale) -> Double {
    let all = panel.series.flatMap { $0.points.filter { $0.interval != nil }.map(\.x) }
    guard !places.isLogarithmic, Set(all).count < all.count else { return 0 }
    return (places.range.upperBound - places.range.lowerBound) * 0.012
  }

  private static func barWidth(in panel: Figure.Panel) -> Double {
    0.8 / Double(max(panel.series.count, 1))
  }

  /// The command that draws a panel.
  func plot(_ panel: Figure.Panel, _ index: Int, legend: Set<String>) -> String {
    // Bands lie below all lines.
    let bands = panel.series.enumerated().flatMap { number, series in
      band(series, "$p\(index)s\(number)")
    }
    let marks = panel.series.enumerated().flatMap { number, series in
      let title =
        legend.contains(series.name) ? "title \(Self.quoted(series.name))" : "notitle"
      return mark(series, "$p\(index)s\(number)", title: title, in: panel)
    }
    let all = bands + marks
    return "plot " + (all.isEmpty ? "NaN notitle" : all.joined(separator: ", \\\n  "))
  }

  private func band(_ series: Figure.Series, _ name: String) -> [String] {
    let fill = "fillcolor rgb '\(Palette.hex(series.colour))' fillstyle transparent solid"
    switch series.mark {
    case .line where series.points.contains { $0.interval != nil }:
      return ["\(name) using 1:3:4 with filledcurves \(fill) 0.18 noborder notitle"]
    case .histogram where !series.points.isEmpty:
      return ["\(name) using 1:2 with filledcurves y=0 \(fill) 0.22 noborder notitle"]
    default: return []
    }
  }

  private func mark(
    _ series: Figure.Series, _ name: String, title: String, in panel: Figure.Panel
  ) -> [String] {
    guard !series.points.isEmpty else { return ["NaN \(title)"] }
    let colour = "linecolor rgb '\(Palette.hex(series.colour))'"
    // Beyond the last colour a line is told by its dashes.
    let line = "linewidth 2 dashtype \(series.colour / Palette.colours.count + 1) \(colour)"
    let shape = "pointtype \([7, 5, 9, 13, 11][series.colour % 5]) pointsize 0.8"
    let bars =
      series.points.contains { $0.interval != nil }
      ? [
        "\(name) using 1:2:3:4 with \(panel.x.rowNames == nil ? "y" : "x")errorbars pointtype 0 "
          + "linewidth 1.4 \(colour) notitle"
      ] : []
    switch series.mark {
    case .line, .histogram: return ["\(name) using 1:2 with lines \(line) \(title)"]
    case .linePoints:
      return bars + ["\(name) using 1:2 with linespoints \(line) \(shape) \(title)"]
    case .points:
      return bars + ["\(name) using 1:2 with points \(shape) \(colour) \(title)"]
    case .bars:
      let width = Self.barWidth(in: panel) * 0.92
      return ["\(name) using 1:2:(\(width)) with boxes \(colour) \(title)"]
    }
  }
}
