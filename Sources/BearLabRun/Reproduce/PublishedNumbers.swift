/// What the paper prints for a table, by block, method, data set and column.
struct PublishedNumbers: Sendable {
  /// The columns of all its tables.
  static let columns = ["NDCG@5", "NDCG@10", "HR@5", "HR@10"]

  private let values: [Key: Double]

  private struct Key: Hashable {
    let block: String
    let method: String
    let dataset: String
    let column: String
  }

  /// Reads lines of ``PublishedTables``.
  init(_ lines: String) {
    var values: [Key: Double] = [:]
    for line in lines.split(separator: "\n") {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      precondition(cells.count == 3 + Self.columns.count, "\(cells.count) cells in '\(line)'")
      for (column, cell) in zip(Self.columns, cells.dropFirst(3)) {
        let key = Key(block: cells[0], method: cells[1], dataset: cells[2], column: column)
        values[key] = Double(cell)
      }
    }
    self.values = values
  }

  /// A number; nil where the paper prints none.
  func value(block: String, method: String, dataset: String, column: String) -> Double? {
    values[Key(block: block, method: method, dataset: dataset, column: column)]
  }

  static let table2 = PublishedNumbers(PublishedTables.table2)
  static let table3 = PublishedNumbers(PublishedTables.table3)
  static let table4 = PublishedNumbers(PublishedTables.table4)
  static let table5 = PublishedNumbers(PublishedTables.table5)
}

/// How much better one row of a block is than the best of the others.
enum Improvement {
  /// The method whose improvement the paper prints, and the name of the line that has it.
  static let method = "BEAR"
  static let name = "Imp.%"

  /// The improvement in percent.
  ///
  ///     (value / best of the others − 1) · 100
  ///
  /// - Parameters:
  ///   - value: of the method.
  ///   - others: those of all other rows of the block.
  /// - Returns: nil without others, or where the best of them is 0.
  static func percent(of value: Double, over others: [Double]) -> Double? {
    guard let best = others.max(), best > 0 else { return nil }
    return (value / best - 1) * 100
  }
}
