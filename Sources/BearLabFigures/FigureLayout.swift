/// Where the parts of a picture are, in pixels of the SVG, from its top left corner.
struct FigureLayout {
  /// One panel's area between its axes.
  struct Area {
    let left: Int
    let right: Int
    let top: Int
    let bottom: Int
  }

  static let letter = 8  // pixels, about, of the font that labels are in
  static let plotWidth = 480
  private static let (titleHeight, labelHeight, axisHeight, lineHeight) = (46, 24, 50, 16)

  let width: Int
  let height: Int
  let areas: [Area]
  /// The left edge of legends.
  let legend: Int
  /// The note in lines that fit.
  let note: [String]

  init(_ figure: Figure) {
    let names = figure.panels.flatMap { $0.x.rowNames ?? [] }
    let left = max(62, (names.map(\.count).max() ?? 0) * Self.letter + 24)
    let entries = figure.legends.joined()
    let longest = entries.map(\.name.count).max() ?? 0
    legend = left + Self.plotWidth + 18
    width =
      left + Self.plotWidth + (entries.isEmpty ? 28 : 18 + 36 + longest * Self.letter + 6)
    var areas: [Area] = []
    var top = figure.title.isEmpty ? 8 : Self.titleHeight
    for panel in figure.panels {
      top += panel.x.rowNames == nil ? Self.labelHeight : areas.isEmpty ? 0 : Self.lineHeight
      let bottom = top + Self.height(of: panel, among: figure.panels.count)
      areas.append(
        Area(left: left, right: left + Self.plotWidth, top: top, bottom: bottom))
      top = bottom + Self.axisHeight
    }
    self.areas = areas
    note = Self.wrapped(figure.note, columns: (width - 40) * 10 / 59)
    height = top + note.count * Self.lineHeight + 8
  }

  private static func height(of panel: Figure.Panel, among count: Int) -> Int {
    guard let rows = panel.x.rowNames else { return count == 1 ? 280 : 190 }
    return max(70, rows.count * (18 + 12 * panel.series.count))
  }

  /// Breaks a text at spaces.
  static func wrapped(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= columns {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  /// A place along the picture's width, as gnuplot counts: from 0 to 1.
  func across(_ pixels: Int) -> String { "\(Double(pixels) / Double(width))" }

  /// A place along its height, from the bottom.
  func up(_ pixels: Int) -> String { "\(1 - Double(pixels) / Double(height))" }
}

extension Figure {
  /// Of each panel the series that its legend names: a name stands once in a figure, and none where
  /// there is one alone or rows say all.
  var legends: [[Series]] {
    var seen: Set<String> = []
    let legends = panels.map { panel in
      panel.x.rowNames != nil && panel.series.count == 1
        ? [] : panel.series.filter { seen.insert($0.name).inserted }
    }
    return seen.count > 1 ? legends : panels.map { _ in [] }
  }
}
