/// The cells of the template, by name.
struct TemplateCells {
  struct Cell: Equatable {
    let name: String
    let isText: Bool
    let source: String
  }

  let cells: [Cell]

  /// Reads the percent format: `# %% name` begins a cell of code, `# %% [markdown] name` one of text,
  /// whose lines are comments.
  init(_ text: String) {
    var cells: [(header: Substring, lines: [Substring])] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("# %% ") {
        cells.append((line.dropFirst(5), []))
      } else if !cells.isEmpty {
        cells[cells.count - 1].lines.append(line)
      }
    }
    self.cells = cells.map { header, lines in
      let mark = "[markdown] "
      let isText = header.hasPrefix(mark)
      let source = lines.map { line in
        isText ? line.dropFirst(line.hasPrefix("# ") ? 2 : 1) : line
      }
      return Cell(
        name: String(isText ? header.dropFirst(mark.count) : header), isText: isText,
        source: source.joined(separator: "\n").trimmingNewlines)
    }
  }
}

extension String {
  fileprivate var trimmingNewlines: String {
    var text = self[...]
    while text.last == "\n" { text = text.dropLast() }
    while text.first == "\n" { text = text.dropFirst() }
    return String(text)
  }
}
