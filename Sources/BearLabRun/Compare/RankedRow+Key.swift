internal import BearLabFormats
internal import Foundation

/// Rows of several runs, joined.
extension RankedRow {
  /// What joins the rows of two runs.
  struct Key: Hashable, Comparable, Sendable {
    let user: Int
    let target: Int
    let timestamp: Int
    /// The same user, target and time may come again, and are then joined in their order.
    let occurrence: Int

    static func < (first: Key, second: Key) -> Bool {
      (first.user, first.target, first.timestamp, first.occurrence)
        < (second.user, second.target, second.timestamp, second.occurrence)
    }

    var description: String { "user \(user), target \(target), timestamp \(timestamp)" }
  }

  /// Reads a file of rows.
  ///
  /// - Throws: `FileError` where it cannot be read, and
  ///   ``ComparisonError/malformedRow(path:line:reason:)``.
  static func read(path: String) throws -> [Key: RankedRow] {
    let decoder = JSONDecoder()
    var rows: [Key: RankedRow] = [:]
    let lines = try MappedFile.text(path: path).split(separator: "\n")
    for (index, line) in lines.enumerated() {
      let row: RankedRow
      do {
        row = try decoder.decode(RankedRow.self, from: Data(line.utf8))
      } catch {
        throw ComparisonError.malformedRow(path: path, line: index + 1, reason: "is no row")
      }
      guard row.rank ?? 0 >= 0 else {
        throw ComparisonError.malformedRow(
          path: path, line: index + 1, reason: "has the rank \(row.rank ?? 0)")
      }
      var occurrence = 0
      while rows[row.key(occurrence)] != nil { occurrence += 1 }
      rows[row.key(occurrence)] = row
    }
    return rows
  }

  private func key(_ occurrence: Int) -> Key {
    Key(user: user, target: target, timestamp: timestamp, occurrence: occurrence)
  }
}
