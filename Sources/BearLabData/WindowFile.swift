internal import BearLabCore
internal import SwiftCSV

/// Reads `train.csv`, `valid.csv` and `test.csv`: a window a row, the last item being the target.
struct WindowFile {
  private static let listAccepted =
    "item ids of the catalogue as a list such as [124, 2112, 1915], at least 2"
  private let file: TextFile
  private let catalogue: Catalogue

  /// Reads every row, in the order of the file.
  ///
  /// - Throws: ``DataError`` for the first row that is wrong.
  static func windows(_ file: TextFile, catalogue: Catalogue) throws(DataError) -> [Window] {
    let table = try CSVTable(file)
    let user = try table.column("user_id")
    let items = try table.column("item_ids")
    let timestamp = try table.column("timestamp")
    guard !table.rows.isEmpty else { throw .empty(file: file.path, what: "rows") }
    let reader = WindowFile(file: file, catalogue: catalogue)
    var windows: [Window] = []
    windows.reserveCapacity(table.rows.count)
    for row in table.rows {
      let list = try reader.itemList(row.cells[items], line: row.line)
      windows.append(
        Window(
          user: try file.integer(row.cells[user], line: row.line, column: "user_id"),
          history: Array(list.dropLast()), target: list[list.count - 1],
          timestamp: try file.integer(row.cells[timestamp], line: row.line, column: "timestamp")))
    }
    return windows
  }

  /// Reads a list literal of at least two items of the catalogue.
  private func itemList(_ cell: String, line: Int) throws(DataError) -> [Int] {
    let bytes = cell.utf8
    guard bytes.count >= 2, bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]")
    else { throw file.invalid(line: line, "item_ids", cell, accepted: Self.listAccepted) }
    var items: [Int] = []
    for part in cell.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
    {
      let digits = part.drop { $0 == " " }
      guard digits.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
        let item = Int(digits)
      else { throw file.invalid(line: line, "item_ids", cell, accepted: Self.listAccepted) }
      guard catalogue.contains(item) else {
        throw file.invalid(
          line: line, "an item id of item_ids", digits,
          accepted: "an id of the catalogue, 1 to \(catalogue.itemCount)")
      }
      items.append(item)
    }
    guard items.count >= 2 else {
      throw file.invalid(line: line, "item_ids", cell, accepted: Self.listAccepted)
    }
    return items
  }
}

/// The rows of a CSV file, with the line on which each one starts.
struct CSVTable {
  let header: [String]
  /// The rows below the header; each has as many cells as the header.
  let rows: [(line: Int, cells: [String])]
  private let path: String

  /// Reads RFC 4180: commas, quotes doubled inside quotes, line breaks inside quotes.
  ///
  /// - Throws: ``DataError`` for misplaced quotes or a row of another number of cells.
  init(_ file: TextFile) throws(DataError) {
    let all = try Self.rawRows(file)
    guard let first = all.first else { throw .empty(file: file.path, what: "header") }
    for row in all.dropFirst() where row.cells.count != first.cells.count {
      throw file.invalid(
        line: row.line, "the row", row.cells.joined(separator: ","),
        accepted: "\(first.cells.count) cells, as in the header; this row has \(row.cells.count)")
    }
    path = file.path
    header = first.cells
    rows = Array(all.dropFirst())
  }

  /// The index of a column.
  ///
  /// - Throws: ``DataError/missingColumn(file:column:present:)``.
  func column(_ name: String) throws(DataError) -> Int {
    guard let index = header.firstIndex(of: name) else {
      throw .missingColumn(file: path, column: name, present: header)
    }
    return index
  }

  private static func rawRows(
    _ file: TextFile
  ) throws(DataError) -> [(line: Int, cells: [String])] {
    var rows: [(line: Int, cells: [String])] = []
    var line = 1
    do {
      // No row here: views would fill short rows up, and hide them.
      let csv = try EnumeratedCSV(
        string: file.text, delimiter: .comma, loadColumns: false, rowLimit: 0)
      try csv.enumerateAsArray(rowLimit: nil) { cells in
        rows.append((line, cells))
        // Foreign line ends are one character too.
        line += 1 + cells.reduce(0) { $0 + $1.count(where: \.isNewline) }
      }
    } catch {
      throw file.invalid(
        line: line, "the row", file.line(line),
        accepted: "quotes around whole cells, doubled inside")
    }
    // SwiftCSV takes the end of the file for a closing quote.
    guard file.text.utf8.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2) else {
      throw file.invalid(
        line: rows.last?.line ?? 1, "the row", rows.last?.cells.joined(separator: ",") ?? "",
        accepted: "a closing quote for every opening one")
    }
    return rows
  }
}
