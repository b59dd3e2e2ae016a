internal import BearLabCore
internal import BearLabFormats
internal import Foundation

/// Makes a data set in the official layout from a dump.
///
/// Interactions are held in memory, 16 bytes each; ids and titles once; the files are streamed.
///
/// - Source: section 1 of the method specification.
public struct Preparation {
  /// The layouts that can be read, by name.
  public static var layouts: [(name: String, summary: String)] {
    DumpLayout.all.map { ($0.name, $0.summary) }
  }

  private let source: DumpSource
  private let settings: PreparationSettings
  private let observer: (String) -> Void

  /// Finds the files of a dump.
  ///
  /// - Parameters:
  ///   - source: a folder, or the file of interactions.
  ///   - titles: the file of titles; nil for the one in the folder.
  ///   - layout: a layout's name; nil for the first whose names match.
  ///   - settings: how the data set is made.
  ///   - observer: told what is being done.
  /// - Throws: ``PreparationError``.
  public init(
    _ source: String, titles: String? = nil, layout: String? = nil,
    settings: PreparationSettings = PreparationSettings(),
    observer: @escaping (String) -> Void = { _ in }
  ) throws(PreparationError) {
    try settings.validate()
    self.source = try DumpSource(source, titles: titles, layout: layout)
    var settings = settings
    settings.repeats = settings.repeats ?? self.source.layout.repeats
    self.settings = settings
    self.observer = observer
  }

  /// Makes the data set.
  ///
  /// - Parameter folder: is created, whole or not at all.
  /// - Returns: how it was made, as in `preparation.json`.
  /// - Throws: ``PreparationError`` or ``DataError``.
  public func write(to folder: String) throws -> PreparationRecord {
    // Before the hours that a large dump may take.
    try OfficialFolder.requireAbsent(folder)
    let made = try make()
    observer("\(made.record.counts.interactions) interactions left; writing")
    try OfficialFolder.write(made.content, record: made.record, to: folder)
    return made.record
  }

  /// Reads the dump, and makes all but the files.
  package func counts() throws -> PreparationRecord.Counts { try make().record.counts }

  private func make() throws -> (content: OfficialFolder.Content, record: PreparationRecord) {
    var table = InteractionTable()
    var files: [(path: String, count: DumpReader.Count)] = []
    files.append((source.interactions, try readInteractions(into: &table)))
    var counts = PreparationRecord.Counts()
    counts.interactionsRead = table.interactions.count
    counts.repeatsRemoved = table.sort(repeats: settings.repeats ?? .keep)
    // Whoever is not in the core of everything is not in that of a part: fewer titles are kept.
    table.reduce(toCore: settings.core)
    if let titles = source.titles { files.append((titles, try readTitles(titles, &table))) }
    counts.untitledRemoved = table.removeUntitled()
    table.reduce(toCore: settings.core)
    let parts = try windows(table.numbered(), &counts)
    let sources = try files.map { file in
      PreparationRecord.Source(
        file: URL(filePath: file.path).lastPathComponent,
        sha256: try Self.hash(file.path), lines: file.count.lines, malformed: file.count.malformed)
    }
    let record = PreparationRecord(
      source: source.layout.name, files: sources, settings: settings, counts: counts,
      notices: files.flatMap(\.count.first))
    return (parts, record)
  }

  private func readInteractions(into table: inout InteractionTable) throws -> DumpReader.Count {
    let reader = DumpReader(
      path: source.interactions, format: source.layout.interactions.format.replacing(columns))
    return try reader.read(allowing: settings.malformed) { row in
      table.append(row, cleaning: settings.titles)
      if table.interactions.count.isMultiple(of: 1_000_000) {
        observer("\(table.interactions.count) interactions of \(source.interactions)")
      }
    }
  }

  private func readTitles(
    _ path: String, _ table: inout InteractionTable
  ) throws -> DumpReader.Count {
    guard let file = source.layout.titles else { return DumpReader.Count() }
    observer("titles of \(path)")
    let wanted = table.itemsLeft
    return try DumpReader(path: path, format: file.format.replacing(columns))
      .read(allowing: settings.malformed) { row in
        table.setTitle(row.title ?? "", of: row.item, among: wanted, cleaning: settings.titles)
      }
  }

  private var columns: [DumpRole: String] { settings.columns }

  private func windows(
    _ numbered: (interactions: [Interaction], titles: [String]),
    _ counts: inout PreparationRecord.Counts
  ) throws(PreparationError) -> OfficialFolder.Content {
    let windows = WindowTable(
      numbered.interactions, core: settings.core, historyLimit: settings.window - 1)
    let cuts = Windowing.cuts(windows.count, ratio: settings.split)
    guard !cuts.train.isEmpty, !cuts.test.isEmpty else {
      throw .nothingLeft(
        source: source.interactions, interactions: counts.interactionsRead,
        what: "\(numbered.interactions.count) are left, which make \(windows.count) windows")
    }
    counts.users = Set(numbered.interactions.map(\.user)).count
    counts.items = numbered.titles.count
    counts.interactions = numbered.interactions.count
    counts.density =
      Double(counts.interactions) / (Double(counts.users) * Double(counts.items))
    (counts.train, counts.validation, counts.test) =
      (cuts.train.count, cuts.validation.count, cuts.test.count)
    return OfficialFolder.Content(
      titles: numbered.titles, train: windows[cuts.train],
      validation: windows[cuts.validation], test: windows[cuts.test])
  }

  private static func hash(_ path: String) throws(DataError) -> String {
    do { return try FileHash.sha256(path: path) } catch { throw .file(error) }
  }
}
