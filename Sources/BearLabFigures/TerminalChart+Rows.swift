internal import BearLabErrors
internal import Foundation

/// Panels of which every place is a line.
extension TerminalChart {
  /// A line for each place and series: name, bar or point with its interval, value.
  func rows(of panel: Figure.Panel) -> [String] {
    let scale = Scale(panel.y, values: panel.shownValues, count: 5)
    let places = Set(panel.series.flatMap { $0.points.map(\.x) }).sorted()
    let names = places.map { name(of: $0, in: panel) }
    let margin = min(max(names.map(\.count).max() ?? 0, panel.x.text.count), columns / 3)
    let values = panel.series.flatMap { $0.points.map { Self.value($0, scale) } }
    let width = max(10, columns - margin - (values.map(\.count).max() ?? 0) - 6)
    var lines = [Self.right(panel.x.text, margin) + "   " + panel.y.text]
    for (place, name) in zip(places, names) {
      var shown = name
      for series in panel.series {
        for point in series.points where point.x == place {
          lines.append(
            Self.right(shown, margin) + " │" + drawn(point, series, scale, width) + " "
              + (panel.series.count > 1 && series.mark == .bars ? sign(series) + " " : "")
              + Self.value(point, scale))
          shown = ""
        }
      }
    }
    return lines
  }

  private func name(of place: Double, in panel: Figure.Panel) -> String {
    guard let names = panel.x.rowNames else { return String(format: "%g", place) }
    let index = Int(place)
    return names.indices.contains(index) ? excerpt(of: names[index], limit: columns / 3 - 1) : ""
  }

  /// The value, and its interval, with the digits of the axis and one more.
  private static func value(_ point: Figure.Point, _ scale: Scale) -> String {
    let shown = scale.ticks.map { $0.label.split(separator: ".").dropFirst().first?.count ?? 0 }
    let digits = (shown.max() ?? 0) + 1
    func text(_ value: Double) -> String { String(format: "%.\(digits)f", value) }
    return text(point.y)
      + (point.interval.map { " (\(text($0.lowerBound))–\(text($0.upperBound)))" } ?? "")
  }

  private func drawn(
    _ point: Figure.Point, _ series: Figure.Series, _ scale: Scale, _ width: Int
  ) -> String {
    func column(_ value: Double) -> Int {
      min(max(Int((scale.place(of: value) * Double(width - 1)).rounded()), 0), width - 1)
    }
    if series.mark == .bars {
      // Eighths of a letter: ▏ to █.
      let eighths = Int((max(0, scale.place(of: point.y)) * Double(width * 8)).rounded())
      let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
      let bar = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
      return paint(bar, series.colour) + String(repeating: " ", count: max(0, width - bar.count))
    }
    var letters = Array(repeating: Character(" "), count: width)
    if let interval = point.interval {
      let (low, high) = (column(interval.lowerBound), column(interval.upperBound))
      for index in low...high { letters[index] = "─" }
      (letters[low], letters[high]) = ("├", "┤")
    }
    letters[column(point.y)] = sign(series).first ?? "●"
    return paint(String(letters), series.colour)
  }
}
