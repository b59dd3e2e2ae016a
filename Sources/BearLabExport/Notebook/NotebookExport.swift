internal import BearLabCheckpoint
internal import BearLabEvaluation
public import BearLabFigures
internal import BearLabRun
internal import Foundation
internal import NotebookTemplate

/// Runs as a notebook that reads their files, with what it shows already in it.
public struct NotebookExport {
  private let runs: [(name: String, run: RunLog)]
  private let report: ReportFile?
  private let gnuplot: Gnuplot
  private let hasDiagnosis: Bool
  private let hasSteps: Bool

  /// Takes what the notebook is about.
  ///
  /// - Parameters:
  ///   - sources: folders of runs, and at most one report of `bear-lab reproduce`, a file that ends
  ///     in `.md`; without runs, all those in the report's folder.
  ///   - gnuplot: what draws the pictures.
  /// - Throws: ``ExportError/noReport(path:)``, ``ExportError/noRuns(path:)``, and what reading the
  ///   runs throws.
  public init(_ sources: [String], gnuplot: Gnuplot = Gnuplot()) throws {
    let reports = sources.filter { $0.hasSuffix(".md") }
    guard reports.count <= 1 else { throw ExportError.severalReports(paths: reports) }
    report = try reports.first.map { try ReportFile($0) }
    var paths = sources.filter { !$0.hasSuffix(".md") }
    if paths.isEmpty, let report = reports.first { paths = Self.runs(beside: report) }
    guard !paths.isEmpty else { throw ExportError.noRuns(path: reports.first ?? "") }
    let runs = try RunLog.read(paths)
    self.runs = RunLog.labelled(runs)
    self.gnuplot = gnuplot
    hasDiagnosis = runs.allSatisfy {
      FileManager.default.fileExists(atPath: $0.folder.diagnosisPath)
    }
    hasSteps = runs.allSatisfy { !$0.steps.isEmpty }
  }

  private static func runs(beside report: String) -> [String] {
    let folder = URL(filePath: report).standardizedFileURL.deletingLastPathComponent().path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().map { "\(folder)/\($0)" }
      .filter { FileManager.default.fileExists(atPath: "\($0)/run.yaml") }
  }

  private var logs: [RunLog] { runs.map(\.run) }

  /// Writes the notebook.
  ///
  /// - Parameter path: of the file; the runs are found from its folder.
  /// - Throws: ``ExportError/notWritable(path:reason:)``, `FigureError`, and what reading the runs'
  ///   files throws.
  public func write(to path: String) throws {
    let data = try notebook(from: URL(filePath: path).standardizedFileURL).data()
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw ExportError.notWritable(path: path, reason: error.localizedDescription)
    }
  }

  private func notebook(from place: URL) throws -> Notebook {
    let folder = place.deletingLastPathComponent().path
    let sensitivity = try? SensitivityPoints(logs)
    let values = values(from: folder, sensitivity)
    var cells: [Notebook.Cell] = []
    var count = 0
    for cell in TemplateCells(NotebookTemplate.text).cells {
      guard let outputs = try outputs(of: cell.name, sensitivity) else { continue }
      let source = values.reduce(cell.source) { $0.replacing("{{\($1.key)}}", with: $1.value) }
      if !cell.isText { count += 1 }
      cells.append(
        Notebook.Cell(id: cell.name, source: source, run: cell.isText ? nil : (count, outputs)))
    }
    return Notebook(cells: cells)
  }

  /// What the template's places are filled with.
  private func values(from folder: String, _ sensitivity: SensitivityPoints?) -> [String: String] {
    let places = runs.map { name, run in
      "    \(Self.python(name)): \(Self.python(Self.relative(run.folder.path, to: folder))),\n"
    }
    let commands = runs.map { run in
      "- `bear-lab run --config \(Self.relative(run.run.folder.path, to: folder))/run.yaml`"
    }
    let title: String = runs.count == 1 ? "Run \(runs[0].name)" : "\(runs.count) runs"
    var values: [String: String] = [:]
    values["TITLE"] = report?.title ?? title
    values["SUMMARY"] = runs.map { "`\($0.name)`" }.joined(separator: ", ")
    values["RUNS"] = "{\n" + places.joined() + "}"
    values["COMMANDS"] = commands.joined(separator: "\n")
    if let report {
      values["REPORT"] = Self.python(Self.relative(report.path, to: folder))
      values["NOTES"] = report.notes.joined(separator: "\n")
    }
    return values.merging(sensitivity?.values ?? [:]) { $1 }
  }

  /// What a cell shows; nil where the runs have no file for it.
  ///
  /// Headings go with what is below.
  private func outputs(
    of name: String, _ sensitivity: SensitivityPoints?
  ) throws -> [Notebook.Output]? {
    switch name.replacing("-title", with: "") {
    case "title", "setup": return []
    case "comparison":
      return report.map { report in
        report.tables.flatMap { [.printed($0.heading + "\n"), .displayed($0.table)] }
      }
    case "figures": return [.table(NotebookTables.figures(runs))]
    case "training": return hasSteps ? [try picture(.training)] : nil
    case "time": return hasSteps && runs.count > 1 ? [try picture(.time)] : nil
    case "sensitivity":
      return try sensitivity.map { [try picture($0.figure)] }
    case "pruning": return hasDiagnosis ? [.table(try NotebookTables.pruning(runs))] : nil
    case "pruning-figure": return try diagnosed(.pruning)
    case "margins": return try diagnosed(.margins)
    case "steps": return try diagnosed(.steps)
    case "weights": return try NotebookTables.weights(runs).map { [.table($0)] }
    case "settings":
      return [
        .printed(
          try runs.map { "# \($0)\n\(try $1.folder.readDescription())\n" }.joined())
      ]
    default: return nil
    }
  }

  /// A picture of diagnoses; none where no target is lost.
  private func diagnosed(_ kind: RunFigure) throws -> [Notebook.Output]? {
    guard hasDiagnosis else { return nil }
    do {
      return [try picture(kind)]
    } catch FigureError.nothingToDraw {
      return nil
    }
  }

  private func picture(_ kind: RunFigure) throws -> Notebook.Output {
    try picture(kind.figure(of: logs))
  }

  private func picture(_ figure: Figure) throws -> Notebook.Output {
    let data = try gnuplot.render(figure, as: .png)
    // Its size stands in the header; there are two pixels for each of the page.
    let width = data[16..<20].reduce(0) { $0 << 8 | Int($1) }
    return .picture(data, width: width / 2)
  }

  /// A text as Python writes it.
  static func python(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  /// The way from a folder to a file.
  static func relative(_ path: String, to folder: String) -> String {
    let own = URL(filePath: path).standardizedFileURL.pathComponents
    let base = URL(filePath: folder).standardizedFileURL.pathComponents
    let common = zip(own, base).prefix { $0 == $1 }.count
    let up = Array(repeating: "..", count: base.count - common)
    let way = (up + own.dropFirst(common)).joined(separator: "/")
    return way.isEmpty ? "." : way
  }
}
