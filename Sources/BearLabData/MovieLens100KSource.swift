public import BearLabCore

/// MovieLens-100K in RecBole's atomic files, from raw ratings to windows.
///
/// - Source: section 1 of the method specification, "MovieLens-100K"; F. M. Harper and J. A. Konstan,
///   "The MovieLens Datasets: History and Context", 2015; RecBole, `dataset_example/ml-100k`.
public struct MovieLens100KSource: DatasetSource {
  public static let summary = "MovieLens-100K: RecBole's ml-100k.inter and ml-100k.item"
  public static let citation =
    "F. M. Harper and J. A. Konstan, \"The MovieLens Datasets: History and Context\", 2015"
  private static let name = "ml-100k"

  public init(_ values: ParameterValues) throws {}

  public static func recognises(folder: String) -> Bool {
    ["\(name).inter", "\(name).item"].allSatisfy { TextFile.exists($0, in: folder) }
  }

  /// Reads the ratings and titles; items that stay are numbered from 1 in the order of their ids.
  ///
  /// - Throws: ``DataError``.
  public func load(folder: String) throws -> Dataset { try parts(folder: folder).dataset }

  /// Reads the ratings and titles, and cuts all windows.
  func parts(folder: String) throws -> DatasetParts {
    let titles = try Self.titles(AtomicFile(TextFile("\(Self.name).item", in: folder)))
    let ratings = try Self.interactions(
      AtomicFile(TextFile("\(Self.name).inter", in: folder)), titles: titles)
    // The sort is stable: half of all neighbouring ratings tie, and stay in the file's order.
    let kept = Windowing.fiveCore(ratings.sorted { $0.timestamp < $1.timestamp })
    let items = Set(kept.map(\.item)).sorted()
    let ids = Dictionary(uniqueKeysWithValues: zip(items, 1...))
    let renumbered = kept.map {
      Interaction(user: $0.user, item: ids[$0.item, default: 0], timestamp: $0.timestamp)
    }
    let parts = Windowing.split(Windowing.windows(renumbered))
    return DatasetParts(
      name: Self.name, catalogue: Catalogue(itemTitles: items.map { titles[$0, default: ""] }),
      choice: try PhraseChoice(name: Self.name, folder: folder), train: parts.train,
      validation: (parts.validation, "the middle tenth in order of time"), test: parts.test)
  }

  /// The title of every item: with its year, where that has four digits, as titles repeat.
  private static func titles(_ table: AtomicFile) throws(DataError) -> [Int: String] {
    let item = try table.column("item_id")
    let title = try table.column("movie_title")
    let year = try table.column("release_year")
    var titles: [Int: String] = [:]
    for row in table.rows {
      let id = try table.id(row.cells[item], line: row.line, column: "item_id")
      let full = DumpRow.title(String(row.cells[title]), year: String(row.cells[year]))
      guard titles.updateValue(full, forKey: id) == nil else {
        throw table.file.invalid(
          line: row.line, "item_id", row.cells[item], accepted: "an id that no earlier line has")
      }
    }
    return titles
  }

  private static func interactions(
    _ table: AtomicFile, titles: [Int: String]
  ) throws(DataError) -> [Interaction] {
    let user = try table.column("user_id")
    let item = try table.column("item_id")
    let timestamp = try table.column("timestamp")
    var interactions: [Interaction] = []
    for row in table.rows {
      let interaction = Interaction(
        user: try table.id(row.cells[user], line: row.line, column: "user_id"),
        item: try table.id(row.cells[item], line: row.line, column: "item_id"),
        timestamp: try table.file.integer(row.cells[timestamp], line: row.line, column: "timestamp")
      )
      guard titles[interaction.item] != nil else {
        throw table.file.invalid(
          line: row.line, "item_id", row.cells[item], accepted: "an id of \(name).item")
      }
      interactions.append(interaction)
    }
    return interactions
  }
}

extension MovieLens100KSource: PartedSource {}

extension MovieLens100KSource {
  public static var fileNames: [String] {
    ["\(name).inter", "\(name).item", PhraseChoice.fileName]
  }
}

/// One of RecBole's atomic files: tab-separated cells under a header of `name:type`.
struct AtomicFile {
  let file: TextFile
  private let header: [Substring]
  /// The rows below the header, with their line numbers.
  let rows: [(line: Int, cells: [Substring])]

  /// - Throws: ``DataError`` for a row of another number of cells than the header, or no row.
  init(_ file: TextFile) throws(DataError) {
    self.file = file
    var lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    let table = lines.enumerated().map { index, line in
      (line: index + 1, cells: line.split(separator: "\t", omittingEmptySubsequences: false))
    }
    guard let first = table.first, table.count > 1 else {
      throw .empty(file: file.path, what: "rows")
    }
    header = first.cells
    rows = Array(table.dropFirst())
    for row in rows where row.cells.count != header.count {
      throw file.invalid(
        line: row.line, "the row", row.cells.joined(separator: "\t"),
        accepted: "\(header.count) cells between tabs, as in the header")
    }
  }

  /// The id in a cell.
  func id(_ cell: Substring, line: Int, column: String) throws(DataError) -> Int {
    guard let id = Int(cell), Interaction.ids.contains(id) else {
      throw file.invalid(
        line: line, column, cell, accepted: "an integer from 0 to \(Interaction.ids.upperBound - 1)"
      )
    }
    return id
  }

  /// The index of the column called `name`, its type ignored.
  ///
  /// - Throws: ``DataError/missingColumn(file:column:present:)``.
  func column(_ name: String) throws(DataError) -> Int {
    let names = header.map { String($0.prefix { $0 != ":" }) }
    guard let index = names.firstIndex(of: name) else {
      throw .missingColumn(file: file.path, column: name, present: names)
    }
    return index
  }
}
