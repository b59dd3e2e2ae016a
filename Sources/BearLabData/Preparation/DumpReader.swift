/// Reads the rows of a file of a dump, and counts the lines that make none.
struct DumpReader {
  /// What was read.
  struct Count {
    var lines = 0
    var malformed = 0
    /// The first malformed lines, each with its file and what is wrong.
    var first: [String] = []
  }

  private static let named = 5
  let path: String
  let format: DumpFormat

  /// Calls `body` with each row, in order.
  ///
  /// - Parameters:
  ///   - share: how many of all lines may be malformed.
  ///   - body: takes a row.
  /// - Returns: how many lines there were, a header and empty ones left out.
  /// - Throws: ``DataError`` for a missing file or column, ``PreparationError`` for a damaged file
  ///   or one with too many malformed lines.
  func read(allowing share: Double, _ body: (DumpRow) -> Void) throws -> Count {
    let lines = try LineReader(path: path)
    var records = RecordReader(lines: lines, syntax: format.syntax)
    let parser = try RowParser(format, records: &records)
    var count = Count()
    while let record = try records.next() {
      if record.isEmpty { continue }
      count.lines += 1
      do throws(MalformedLine) {
        body(try parser.row(record))
      } catch {
        count.malformed += 1
        if count.first.count < Self.named {
          count.first.append("\(path), line \(records.line): \(error.what)")
        }
      }
    }
    guard Double(count.malformed) <= share * Double(count.lines) else {
      throw PreparationError.tooManyMalformed(
        file: path, count: count.malformed, lines: count.lines, share: share, first: count.first)
    }
    return count
  }
}

/// What is wrong with a line.
struct MalformedLine: Error {
  let what: String
}
