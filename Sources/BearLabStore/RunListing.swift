internal import BearLabCore
internal import BearLabRun
internal import Foundation

/// Runs as a table, CSV or JSON.
public struct RunListing: Sendable {
  /// The columns of a table that is not told others.
  public static let defaultColumns = [
    "number", "name", "state", "dataset", "backbone", "objective", "decoder", "seed", "ndcg@10",
    "hr@10", "time", "tags",
  ]

  private let entries: [RunEntry]
  private let columns: [String]

  /// Lists runs.
  ///
  /// - Parameters:
  ///   - entries: the runs, in order.
  ///   - columns: what is told of each.
  ///   - all: all runs of the store: a column must be known to one of them.
  /// - Throws: ``RunStoreError/unknownKey(_:known:)``.
  public init(
    _ entries: [RunEntry], columns: [String] = defaultColumns, among all: [RunEntry]
  ) throws(RunStoreError) {
    let known = RunKey.known(all)
    for column in columns { try RunKey.require(column, in: known) }
    self.entries = entries
    self.columns = columns
  }

  /// A table in Markdown, a row a run.
  public var table: String {
    let words = columns.indices.filter { RunKey.isText(columns[$0], entries) }
    return MarkdownTable(
      header: columns,
      rows: entries.map { entry in columns.map { excerpt(of: RunKey.cell($0, of: entry)) } },
      left: Set(words)
    ).text
  }

  /// A line of names, and a line a run, values as they are; what there is not is empty.
  public var csv: String {
    let rows = entries.map { entry in columns.map { RunKey.value($0, of: entry) ?? "" } }
    return ([columns] + rows).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
  }

  /// A value as RFC 4180 has it.
  private static func quoted(_ value: String) -> String {
    let isPlain = !value.contains { $0 == "," || $0 == "\"" || $0.isNewline }
    return isPlain ? value : "\"" + value.replacing("\"", with: "\"\"") + "\""
  }

  /// An array of an object a run, with all that is known of it.
  public var json: String {
    get throws { try Self.json(entries) }
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// All that is known of one run.
public struct RunSheet: Sendable {
  private let entry: RunEntry

  /// Takes a run of a store.
  public init(_ entry: RunEntry) { self.entry = entry }

  /// One object.
  public var json: String {
    get throws { try RunListing.json(entry) }
  }

  /// A line a fact, a table of metrics, and a line a setting.
  public var text: String {
    let facts = [
      "number", "state", "reason", "tags", "note", "created", "started", "ended",
      "training-seconds",
      "evaluation-seconds", "settings-hash", "dataset-hash", "model-hash",
    ].compactMap { key in RunKey.value(key, of: entry).map { (key, Self.rounded(key, $0)) } }
    var parts = [Self.lines([("folder", entry.path)] + facts)]
    if !models.isEmpty { parts.append(metrics.text) }
    let settings = entry.settings.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
    parts.append(Self.lines(settings.map { ($0.key, $0.value) }))
    if let next { parts.append(next) }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Seconds to a tenth, anything else as it is.
  private static func rounded(_ key: String, _ value: String) -> String {
    guard key.hasSuffix("-seconds"), let seconds = Double(value) else { return value }
    return String(format: "%.1f", seconds)
  }

  /// What can be done with a run that has not ended.
  private var next: String? {
    switch entry.state {
    case .lost:
      "its process has ended without a word; continue it with: bear-lab resume \(entry.path)\n"
    case .stopped, .failed: "continue it with: bear-lab resume \(entry.path)\n"
    case .running, .finished: nil
    }
  }

  private static func lines(_ pairs: [(String, String)]) -> String {
    let width = pairs.map(\.0.count).max() ?? 0
    return pairs.map { key, value in
      key + String(repeating: " ", count: width - key.count + 2) + excerpt(of: value, limit: 400)
        + "\n"
    }.joined()
  }

  /// The models that were measured; an empty name for what the run ended with.
  private var models: [String] {
    Set(entry.metrics.keys.map(Self.model)).sorted()
  }

  private static func model(_ metric: String) -> String {
    metric.split(separator: ".").dropLast().joined(separator: ".")
  }

  private var metrics: MarkdownTable {
    let names = entry.metrics.keys.compactMap { $0.split(separator: ".").last.map(String.init) }
    let columns = Set(names).sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    return MarkdownTable(
      header: ["metrics"] + columns,
      rows: models.map { model in
        [model.isEmpty ? "the run" : model]
          + columns.map { RunKey.cell(model.isEmpty ? $0 : "\(model).\($0)", of: entry) }
      })
  }
}
