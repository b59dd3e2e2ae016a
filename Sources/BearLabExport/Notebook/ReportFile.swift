internal import Foundation

/// What `bear-lab reproduce` printed: tables under headings, and notes.
struct ReportFile {
  let path: String
  /// `table2: Overall performance`.
  let title: String
  let tables: [(heading: String, table: Table)]
  /// Lines of Markdown below the tables.
  let notes: [String]

  /// Reads a report.
  ///
  /// - Throws: ``ExportError/noReport(path:)``.
  init(_ path: String) throws(ExportError) {
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else { throw .noReport(path: path) }
    self.path = path
    var (heading, title) = ("", "")
    var tables: [(String, Table)] = []
    var notes: [String] = []
    var rows: [[String]] = []
    let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines + [""] {
      if line.hasPrefix("#") {
        heading = String(line.drop { $0 == "#" || $0 == " " })
        if title.isEmpty { title = heading }
      }
      if line.hasPrefix("- ") { notes.append(String(line)) }
      if line.hasPrefix("|") {
        rows.append(Self.cells(line))
      } else if let header = rows.first {
        tables.append((heading, Self.table(header, Array(rows.dropFirst(2)))))
        rows = []
      }
    }
    guard !tables.isEmpty else { throw .noReport(path: path) }
    self.title = title
    self.tables = tables
    self.notes = notes
  }

  private static func cells(_ line: Substring) -> [String] {
    line.dropFirst().dropLast(line.hasSuffix("|") ? 1 : 0)
      .split(separator: "|", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> Table {
    Table(header, rows.map { $0.map { .text($0) } })
  }

  /// `table2`, `figure8`: what was made again.
  var target: String { String(title.prefix { $0 != ":" }) }
}
