/// A table in Markdown, its columns aligned so that a terminal shows it as well.
struct MarkdownTable {
  let header: [String]
  let rows: [[String]]

  /// The lines; the first column is aligned left, the others right.
  var text: String {
    let lines = [header] + rows
    let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      column == 0
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    return ([line(header), line(rule)] + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
