/// The records of a file: its lines, or in CSV those that quotes hold together.
struct RecordReader {
  let lines: LineReader
  let syntax: DumpFormat.Syntax
  /// The line on which the record last read begins.
  private(set) var line = 0

  init(lines: LineReader, syntax: DumpFormat.Syntax) {
    self.lines = lines
    self.syntax = syntax
  }

  /// The next record; nil behind the last one.
  mutating func next() throws(PreparationError) -> ArraySlice<UInt8>? {
    guard let first = try lines.next() else { return nil }
    line = lines.line
    guard syntax == .csv, Self.isOpen(first) else { return first }
    var record = Array(first)
    while let more = try lines.next() {
      record.append(UInt8(ascii: "\n"))
      record.append(contentsOf: more)
      if Self.isOpen(more) { break }
      guard record.count < LineReader.longest else {
        throw .lineTooLong(file: lines.path, line: line, limit: LineReader.longest)
      }
    }
    return record[...]
  }

  /// Whether quotes are opened, or closed, that are not closed, or opened, on the line itself.
  private static func isOpen(_ line: ArraySlice<UInt8>) -> Bool {
    !line.count { $0 == UInt8(ascii: "\"") }.isMultiple(of: 2)
  }
}

extension DumpFormat.Syntax {
  /// The cells of a record; nil for misplaced quotes, and for JSON, which has none.
  func cells(of record: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
    switch self {
    case .json: nil
    case .csv: Self.csvCells(of: record)
    case .separated(let separator): Self.cells(of: record, between: Array(separator.utf8))
    }
  }

  private static func cells(
    of record: ArraySlice<UInt8>, between separator: [UInt8]
  ) -> [ArraySlice<UInt8>] {
    if separator.count == 1 {
      return record.split(separator: separator[0], omittingEmptySubsequences: false)
    }
    var cells: [ArraySlice<UInt8>] = []
    var rest = record
    while let place = rest.indices.first(where: { rest[$0...].starts(with: separator) }) {
      cells.append(rest[..<place])
      rest = rest[(place + separator.count)...]
    }
    return cells + [rest]
  }

  private static func csvCells(of record: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
    let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
    guard record.contains(quote) else {
      return record.split(separator: comma, omittingEmptySubsequences: false)
    }
    var cells: [ArraySlice<UInt8>] = []
    var rest = record
    while true {
      if rest.first == quote {
        guard let cell = quotedCell(&rest) else { return nil }
        cells.append(cell)
      } else {
        let cell = rest.prefix { $0 != comma }
        guard !cell.contains(quote) else { return nil }
        cells.append(cell)
        rest = rest.dropFirst(cell.count)
      }
      guard let next = rest.popFirst() else { return cells }
      guard next == comma else { return nil }
    }
  }

  /// Takes a cell in quotes off the front, those that are doubled once; nil without a closing one.
  private static func quotedCell(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let quote = UInt8(ascii: "\"")
    rest = rest.dropFirst()
    var cell: [UInt8] = []
    while let end = rest.firstIndex(of: quote) {
      cell.append(contentsOf: rest[..<end])
      rest = rest[(end + 1)...]
      guard rest.first == quote else { return cell[...] }
      cell.append(quote)
      rest = rest.dropFirst()
    }
    return nil
  }
}
