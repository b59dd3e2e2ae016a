import ArgumentParser
import BearLabExport
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab export tensorboard`: what runs have logged, for TensorBoard.
struct ExportTensorBoardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tensorboard",
    abstract: "Write runs as TensorBoard reads them: scalars, and settings with metrics.",
    discussion: """
      Look at them with `tensorboard --logdir DIR`. Each run has a folder there with one file, which \
      is replaced when it is written again.
      """)

  @Argument(
    help: ArgumentHelp("Folders of runs, and last the folder to write.", valueName: "path"))
  var paths: [String]

  func validate() throws {
    guard paths.count > 1 else {
      throw ValidationError("there is nothing to write to: give runs and then a folder")
    }
    if let last = paths.last, FileManager.default.fileExists(atPath: "\(last)/run.yaml") {
      throw ValidationError("\(last) is a run: give the folder to write after the runs")
    }
  }

  func run() throws {
    let runs = try RunLog.read(RunReference.paths(of: paths.dropLast()))
    let folder = paths.last ?? ""
    let count = try TensorBoardExport(runs).write(to: folder)
    Console.error("\(count) values of \(runs.count) \(runs.count == 1 ? "run" : "runs"): \(folder)")
  }
}

/// What `export csv` and `export jsonl` are told.
struct TableOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("Folders of runs, or of series of seeds.", valueName: "run"))
  var runs: [String]
  @Option(
    help: """
      steps, epochs (a row an evaluation), rows (a row a test row of an evaluation) or summary (a \
      row a run, with its settings).
      """)
  var what: RunTable = .summary
  @Option(help: "The file to write. (default: the standard output)") var output: String?

  func write(_ text: (Table) throws -> String) throws {
    let text = try text(what.table(of: RunLog.read(RunReference.paths(of: runs))))
    guard let output else { return Console.print(text.trimmingCharacters(in: .newlines)) }
    do {
      try Data(text.utf8).write(to: URL(filePath: output), options: .atomic)
    } catch {
      throw ExportError.notWritable(path: output, reason: error.localizedDescription)
    }
  }
}

/// `bear-lab export csv`.
struct ExportCSVCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "csv", abstract: "Write what runs have logged as one tidy table, CSV.")

  @OptionGroup var options: TableOptions

  func run() throws { try options.write(\.csv) }
}

/// `bear-lab export jsonl`.
struct ExportJSONLinesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jsonl",
    abstract: "Write what runs have logged as one tidy table, a JSON object a line.")

  @OptionGroup var options: TableOptions

  func run() throws { try options.write { try $0.jsonLines } }
}

extension RunTable: ExpressibleByArgument {}

/// `bear-lab export notebook`: runs as a page that anybody can read, and run again.
struct ExportNotebookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notebook",
    abstract:
      "Write a Jupyter notebook that reads runs' files, with its tables and pictures in it.",
    discussion: """
      With the report of `bear-lab reproduce`, such as runs/reproduce/table2.md, it has the paper's \
      numbers beside ours, and all runs beside the report unless some are given. Pictures are drawn \
      by gnuplot; the cells read the files with h5py, pandas and matplotlib when they are run again.
      """)

  @Argument(
    help: ArgumentHelp("Folders of runs, and at most one report, a .md file.", valueName: "source"))
  var sources: [String]
  @Option(help: "The file to write; the runs are found from its folder.") var output: String

  func validate() throws {
    guard output.hasSuffix(".ipynb") else {
      throw ValidationError("--output cannot be '\(output)': give a file that ends in .ipynb")
    }
  }

  func run() throws {
    // A table of `reproduce` is no run.
    let paths = sources.map { (try? RunReference.path(of: $0)) ?? $0 }
    try RunReference.requireDistinct(paths)
    try NotebookExport(paths).write(to: output)
    Console.error("notebook: \(output)")
  }
}
