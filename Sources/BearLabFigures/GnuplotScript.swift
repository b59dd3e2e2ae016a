internal import BearLabErrors

/// The script that has gnuplot draw a figure, its data included.
///
/// Everything has its place in pixels, ticks and labels too: nothing is left to the habits of a
/// version of gnuplot, and texts cannot overlap.
struct GnuplotScript {
  private static let (ink, quiet, faint) = ("#222222", "#555555", "#E4E4E4")

  private let figure: Figure
  private let layout: FigureLayout
  private let format: Gnuplot.Format

  init(_ figure: Figure, format: Gnuplot.Format) {
    var figure = figure
    figure.panels = figure.panels.map(\.finite)
    self.figure = figure
    self.format = format
    layout = FigureLayout(figure)
  }

  var text: String {
    var lines = ["set encoding utf8", terminal]
    lines += figure.panels.enumerated().flatMap { index, panel in
      data(panel, index, figure.places(of: panel, count: 8))
    }
    lines += ["set multiplot"] + style
    let legends = figure.legends
    for (index, panel) in figure.panels.enumerated() {
      lines += index == 0 ? texts : ["unset label"]
      lines += axes(panel, layout.areas[index], isLast: index == figure.panels.count - 1)
      lines += [plot(panel, index, legend: Set(legends[index].map(\.name)))]
    }
    return (lines + ["unset multiplot", ""]).joined(separator: "\n")
  }

  private var terminal: String {
    switch format {
    case .svg:
      "set terminal svg size \(layout.width),\(layout.height) noenhanced "
        + "font '\(Gnuplot.fonts),12' background '#FFFFFF'"
    case .png:
      "set terminal pngcairo size \(layout.width * 2),\(layout.height * 2) noenhanced "
        + "font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 background '#FFFFFF'"
    }
  }

  /// A font in points of the picture, which both formats count differently.
  private func font(_ size: Double, bold: Bool = false) -> String {
    "font '\(bold ? ":Bold" : ""),\(format == .svg ? size : size * 0.75)'"
  }

  private var style: [String] {
    [
      "set border 1 back linewidth 1 linecolor rgb '#888888'",
      "set tics nomirror textcolor rgb '\(Self.quiet)' scale 0",
      "set bars 0.4", "set style fill solid 1 noborder",
    ]
  }

  /// The title and the note.
  private var texts: [String] {
    var lines: [String] = []
    if !figure.title.isEmpty {
      lines.append(
        "set label \(Self.quoted(figure.title, limit: 120)) at screen \(layout.across(16)), screen "
          + "\(layout.up(22)) left \(font(15, bold: true)) textcolor rgb '\(Self.ink)'")
    }
    for (index, line) in layout.note.enumerated() {
      let place = layout.height - 14 - (layout.note.count - 1 - index) * 16
      lines.append(
        "set label \(Self.quoted(line, limit: 400)) at screen \(layout.across(16)), screen "
          + "\(layout.up(place)) left \(font(10.5)) textcolor rgb '\(Self.quiet)'")
    }
    return lines
  }

  private func axes(_ panel: Figure.Panel, _ area: FigureLayout.Area, isLast: Bool) -> [String] {
    var lines = [
      "set lmargin at screen \(layout.across(area.left))",
      "set rmargin at screen \(layout.across(area.right))",
      "set tmargin at screen \(layout.up(area.top))",
      "set bmargin at screen \(layout.up(area.bottom))",
      "set key at screen \(layout.across(layout.legend)), screen \(layout.up(area.top - 6)) "
        + "left top Left reverse samplen 1.6 spacing 1.3 noautotitle textcolor rgb '\(Self.ink)'",
      "unset logscale", "unset grid",
    ]
    if let rows = panel.x.rowNames {
      let values = Scale(panel.y, values: panel.shownValues)
      lines +=
        range("x", values) + [
          "set yrange [\(Double(rows.count) - 0.5):-0.5]",
          "set ytics ("
            + rows.enumerated().map { "\(Self.quoted($1, limit: 80)) \($0)" }.joined(
              separator: ", ")
            + ") textcolor rgb '\(Self.ink)'",
          grid("xtics"), xLabel(panel.y.text, area),
        ]
      return lines
    }
    let places = figure.places(of: panel, count: 8)
    lines += range("x", places) + range("y", Scale(panel.y, values: panel.shownValues))
    lines.append(grid(panel.isTight ? "ytics" : "xtics ytics"))
    // The axis's name above it reads without turning one's head.
    lines.append(
      "set label \(Self.quoted(panel.y.text)) at screen \(layout.across(area.left - 46)), screen "
        + "\(layout.up(area.top - 16)) left textcolor rgb '\(Self.quiet)'")
    if isLast || panel.x.text != figure.panels.last?.x.text {
      lines.append(xLabel(panel.x.text, area))
    }
    return lines
  }

  private func grid(_ tics: String) -> String {
    "set grid \(tics) back linetype 1 linewidth 0.7 linecolor rgb '\(Self.faint)'"
  }

  private func xLabel(_ text: String, _ area: FigureLayout.Area) -> String {
    "set label \(Self.quoted(text)) at screen \(layout.across((area.left + area.right) / 2)), "
      + "screen \(layout.up(area.bottom + 36)) center textcolor rgb '\(Self.quiet)'"
  }

  private func range(_ axis: String, _ scale: Scale) -> [String] {
    (scale.isLogarithmic ? ["set logscale \(axis)"] : []) + [
      "set \(axis)range [\(scale.range.lowerBound):\(scale.range.upperBound)]",
      "set \(axis)tics ("
        + scale.ticks.map { "'\($0.label)' \($0.value)" }.joined(separator: ", ")
        + ") textcolor rgb '\(Self.quiet)'",
    ]
  }

  /// A text that gnuplot takes as it is.
  static func quoted(_ text: String, limit: Int = 100) -> String {
    "'" + excerpt(of: text, limit: limit).replacing("'", with: "''") + "'"
  }
}
