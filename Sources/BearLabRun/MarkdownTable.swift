/// A table in Markdown, its columns aligned so that a terminal shows it as well.
package struct MarkdownTable {
  let header: [String]
  let rows: [[String]]
  /// The columns that are aligned left; the others are aligned right.
  let left: Set<Int>

  /// Takes the cells, texts that are no Markdown.
  package init(header: [String], rows: [[String]], left: Set<Int> = [0]) {
    self.header = header.map(Self.escaped)
    self.rows = rows.map { $0.map(Self.escaped) }
    self.left = left
  }

  /// A text whose bars do not end the cell; a backslash before one would make its escape a text.
  private static func escaped(_ text: String) -> String {
    text.replacing(/(\\*)\|/) { "\($0.1)\($0.1)\\|" }
  }

  /// The lines.
  package var text: String {
    let lines = [header] + rows
    let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return left.contains(column) ? cell + padding : padding + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      left.contains(column)
        ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
    return ([line(header), line(rule)] + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
