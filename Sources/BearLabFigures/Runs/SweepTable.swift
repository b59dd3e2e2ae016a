internal import BearLabEvaluation
public import BearLabRun
internal import Foundation
internal import SwiftCSV

/// A metric for each of several settings: of a sweep, or of runs that differ.
public struct SweepTable: Sendable, Equatable {
  /// One run.
  public struct Row: Sendable, Equatable {
    /// Of the settings that differ, by their names in `--set`.
    public let settings: [String: String]
    public let value: Double
    public let interval: ClosedRange<Double>?
  }

  public let rows: [Row]
  /// The settings that differ, those with most values first.
  public let parameters: [String]
  /// What the numbers are of: `test`, `validation`; empty where it is not known.
  public let split: String

  /// Compares runs, by the settings in which they differ.
  ///
  /// - Throws: ``FigureError/tooFewRuns(kind:given:needed:)``, ``FigureError/notVaried(path:)``.
  public init(of runs: [RunLog], metric: String) throws {
    guard runs.count > 1 else {
      throw FigureError.tooFewRuns(
        kind: RunFigure.sensitivity.rawValue, given: runs.count, needed: 2)
    }
    let settings = runs.map { run in
      Dictionary(run.settings.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 })
    }
    var splits: Set<String> = []
    let rows = try zip(runs, settings).map { run, settings in
      let figures = try run.finalFigures()
      splits.insert(figures.split)
      let metric = try figures.required(metric)
      return Row(
        settings: settings, value: metric.value,
        interval: metric.interval.map { $0.lower...$0.upper })
    }
    try self.init(
      rows, split: splits.count == 1 ? splits.first ?? "" : "",
      source: runs.map(\.folder.path).joined(separator: ", "))
  }

  /// Reads the `sweep.csv` of a sweep, or any table with a column for each setting and one for each
  /// metric; sweeps measure on validation.
  ///
  /// - Throws: ``FigureError/malformedTable(path:reason:)``, ``FigureError/unknownMetric(name:known:)``.
  public init(csv path: String, metric: String) throws {
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else { throw FigureError.malformedTable(path: path, reason: "there is no such text file") }
    let table: NamedCSV
    do {
      table = try NamedCSV(string: text, loadColumns: false)
    } catch {
      throw FigureError.malformedTable(path: path, reason: "\(error)")
    }
    // A setting has its section in front of a dot, or is a general one, such as the objective.
    let general = Set(RunSections.general.map(\.name)).subtracting(["seeds"])
    let names = table.header.filter { name in
      general.contains(name) || name.contains(".") && !name.contains("@")
    }
    guard !names.isEmpty else {
      throw FigureError.malformedTable(path: path, reason: "it has no column of a setting")
    }
    guard let column = table.header.first(where: { $0 == metric || $0.hasSuffix(".\(metric)") })
    else {
      throw FigureError.unknownMetric(
        name: metric, known: table.header.filter { !names.contains($0) })
    }
    let rows = table.rows.compactMap { row -> Row? in
      // A trial that was stopped early has no figure, and later rounds of halving have not all.
      guard let value = Double(row[column] ?? ""), value.isFinite,
        row["round", default: "1"] == "1"
      else { return nil }
      return Row(settings: row.filter { names.contains($0.key) }, value: value, interval: nil)
    }
    try self.init(rows, split: "validation", source: path)
  }

  private init(_ rows: [Row], split: String, source: String) throws(FigureError) {
    // What differs without being a choice.
    let given: Set = ["seed", "seeds", "threads", "memory-limit", "init-from"]
    let names = Set(rows.flatMap(\.settings.keys)).subtracting(given)
    let counts = names.map { name in (name, Set(rows.map { $0.settings[name] }).count) }
      .filter { $0.1 > 1 }
    parameters = counts.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }.map(\.0)
    guard !parameters.isEmpty else { throw .notVaried(path: source) }
    let varied = Set(parameters)
    self.rows = rows.map {
      Row(
        settings: $0.settings.filter { varied.contains($0.key) }, value: $0.value,
        interval: $0.interval)
    }
    self.split = split
  }
}
