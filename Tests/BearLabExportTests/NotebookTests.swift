import BearLabCheckpoint
import BearLabFigures
import BearLabRun
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabExport

private let hasGnuplot = FileManager.default.fileExists(atPath: "/usr/bin/gnuplot")

/// Notebooks, read as JSON.
@Suite(.enabled(if: hasGnuplot, "gnuplot is not installed")) struct NotebookTests {
  private struct Page: Decodable {
    let cells: [Cell]
    let nbformat: Int
    let nbformat_minor: Int
  }
  private struct Cell: Decodable {
    let id: String
    let cell_type: String
    let source: [String]
    let execution_count: Int?
    let outputs: [Output]?
  }
  private struct Output: Decodable {
    let output_type: String
    let data: [String: Text]?
    let text: Text?
  }
  private enum Text: Decodable {
    case lines([String])
    case line(String)
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let lines = try? container.decode([String].self) {
        self = .lines(lines)
      } else {
        self = .line(try container.decode(String.self))
      }
    }
    var text: String {
      switch self {
      case .lines(let lines): lines.joined()
      case .line(let line): line
      }
    }
  }

  private func write(_ folder: String) throws {
    var first = HandMadeRun.trained()
    first.diagnosis = (0..<30).map {
      ($0 + 1, $0 % 3 == 0 ? 1 + $0 % 2 : nil, $0 % 3 == 0 ? 0.5 : nil)
    }
    first.settings = ["objective": ["lambda": "0.5"]]
    var second = HandMadeRun.trained(ndcg: 0.3)
    second.diagnosis = [(1, 2, 0.25), (2, nil, nil)]
    second.settings = ["objective": ["lambda": "2"]]
    try first.write(to: "\(folder)/runs/a")
    try second.write(to: "\(folder)/runs/b")
    var file = CheckpointFile()
    file.tensors = [
      "/lora/0/q_proj/A": .init(shape: [1, 2], values: [3, 0]),
      "/lora/1/q_proj/A": .init(shape: [1, 2], values: [0, 4]),
      "/lora/0/q_proj/B": .init(shape: [2, 1], values: [1, 1]),
      "/lora/1/q_proj/B": .init(shape: [2, 1], values: [1, 1]),
    ]
    file.attributes = ["epoch": .integer(2), "step": .integer(40), "version": .integer(1)]
    try file.write(to: "\(folder)/runs/a/checkpoint-epoch-2.h5")
    let report = """
      # table2: Overall performance

      ## book, 135M

      | method | NDCG@10 paper | ours |
      | ------ | ------------: | ---: |
      | MSL    |        0.0312 | 0.01 |
      | BEAR   |        0.0350 | 0.02 |

      - ours: one run each, seed 42
      - only trends compare

      """
    try Data(report.utf8).write(to: URL(filePath: "\(folder)/runs/table2.md"))
  }

  private func page(_ path: String) throws -> Page {
    try JSONDecoder().decode(Page.self, from: Data(contentsOf: URL(filePath: path)))
  }

  @Test func everyCellHasItsOutput() throws {
    try withEmptyFolder { folder in
      try write(folder)
      let path = "\(folder)/pages/table2.ipynb"
      try FileManager.default.createDirectory(
        atPath: "\(folder)/pages", withIntermediateDirectories: true)
      try NotebookExport(["\(folder)/runs/table2.md"]).write(to: path)
      let page = try page(path)
      #expect(page.nbformat == 4 && page.nbformat_minor == 5)
      #expect(Set(page.cells.map(\.id)).count == page.cells.count)
      let code = page.cells.filter { $0.cell_type == "code" }
      #expect(
        code.map(\.id) == [
          "setup", "comparison", "figures", "training", "time", "sensitivity", "pruning",
          "pruning-figure", "margins", "steps", "weights", "settings",
        ])
      #expect(code.map(\.execution_count) == Array(1...code.count))
      let sources = page.cells.flatMap(\.source).joined()
      #expect(!sources.contains("{{"))
      // Found from the notebook's folder.
      #expect(sources.contains(#""a": "../runs/a","#))
      #expect(sources.contains(#"tables("../runs/table2.md")"#))
      #expect(sources.contains("only trends compare"))
      func shown(_ id: String, _ type: String) throws -> String {
        let cell = try #require(code.first { $0.id == id })
        let found = cell.outputs?.compactMap { $0.data?[type]?.text ?? ($0.text?.text) } ?? []
        return found.joined(separator: "\n")
      }
      #expect(try shown("comparison", "text/html").contains("<td>0.0350</td><td>0.02</td>"))
      #expect(try shown("figures", "text/plain").contains("fine-tuned"))
      // B·A has 3 twice in one layer, and 4 twice in the other: √50.
      #expect(try shown("weights", "text/plain").contains("run  epoch  step  q_proj"))
      #expect(try shown("weights", "text/plain").contains("a      2    40  7.0711"))
      #expect(try shown("settings", "text/plain").contains("lambda: 0.5"))
      for id in ["training", "time", "sensitivity", "pruning-figure", "margins", "steps"] {
        let picture = try #require(Data(base64Encoded: shown(id, "image/png")))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]), "\(id)")
      }
    }
  }

  /// What runs have no files for is left out, its heading too.
  @Test func cellsFollowFromTheFiles() throws {
    try withEmptyFolder { folder in
      try HandMadeRun.trained().write(to: "\(folder)/run")
      try NotebookExport(["\(folder)/run"]).write(to: "\(folder)/run.ipynb")
      let page = try page("\(folder)/run.ipynb")
      #expect(
        page.cells.map(\.id) == [
          "title", "setup", "figures-title", "figures", "training-title", "training",
          "settings-title", "settings",
        ])
      #expect(page.cells[0].source.joined().hasPrefix("# Run run\n"))
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/run.ipynb"))
      try NotebookExport(["\(folder)/run"]).write(to: "\(folder)/run.ipynb")
      #expect(try Data(contentsOf: URL(filePath: "\(folder)/run.ipynb")) == bytes)
    }
  }

  @Test func whatIsNoReportIsRefused() throws {
    try withEmptyFolder { folder in
      try Data("nothing\n".utf8).write(to: URL(filePath: "\(folder)/a.md"))
      let path = "\(folder)/a.md"
      #expect(throws: ExportError.noReport(path: path)) { try NotebookExport([path]) }
      #expect(throws: ExportError.noReport(path: "no.md")) { try NotebookExport(["no.md"]) }
      #expect(throws: ExportError.severalReports(paths: [path, path])) {
        try NotebookExport([path, path])
      }
      try Data("| a |\n| - |\n| 1 |\n".utf8).write(to: URL(filePath: path))
      #expect(throws: ExportError.noRuns(path: path)) { try NotebookExport([path]) }
    }
  }

  @Test func theTemplateIsCellsByName() {
    let cells = TemplateCells(
      "a comment\n# %% [markdown] one\n# # Title\n#\n# text\n\n# %% two\n\nx = 1\n\n\ny\n"
    ).cells
    #expect(
      cells == [
        .init(name: "one", isText: true, source: "# Title\n\ntext"),
        .init(name: "two", isText: false, source: "x = 1\n\n\ny"),
      ])
  }

  @Test func waysBetweenFoldersAreShort() {
    #expect(NotebookExport.relative("/a/b/c", to: "/a/d/e") == "../../b/c")
    #expect(NotebookExport.relative("/a/b", to: "/a/b") == ".")
    #expect(NotebookExport.python("a\"b\\c") == #""a\"b\\c""#)
  }

  private static let hasJupyter =
    Shell.succeeds(["python3", "-c", "import nbformat, nbconvert, h5py, pandas, matplotlib"])

  /// Jupyter accepts the notebook, and its cells run.
  @Test(.enabled(if: hasJupyter, "python3 lacks one of nbformat nbconvert h5py pandas matplotlib"))
  func jupyterRunsEveryCell() throws {
    try withEmptyFolder { folder in
      try write(folder)
      let path = "\(folder)/page.ipynb"
      try NotebookExport(["\(folder)/runs/table2.md"]).write(to: path)
      let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../scripts/notebooks").standardizedFileURL.path
      #expect(Shell.succeeds([script, path]))
    }
  }
}
