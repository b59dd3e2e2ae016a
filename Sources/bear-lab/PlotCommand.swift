import ArgumentParser
import BearLabFigures
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab plot`: what runs have measured, as a picture.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw what runs have measured: in the terminal, or as SVG or PNG.",
    discussion: """
      The kinds are:

      """
        + RunFigure.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n")
          + """


          Pictures are drawn by gnuplot. sensitivity also takes the table of a sweep, a CSV file.
          """)

  @Argument(help: ArgumentHelp("What is drawn.", valueName: "kind")) var kind: RunFigure
  @Argument(
    help: ArgumentHelp("Folders of runs, or of series of seeds.", valueName: "run"))
  var runs: [String]
  @Option(help: "A figure of metrics.jsonl, such as hr@5, item_nll or seen_ndcg@10.")
  var metric = "ndcg@10"
  @Option(
    help: """
      Of sensitivity: the setting along the axis, such as objective.lambda. (default: that with \
      most values, and others that were varied apart from it)
      """)
  var parameter: String?
  @Option(help: "The file to write, .svg or .png. (default: the terminal)") var output: String?

  func run() throws {
    if let output { _ = try Gnuplot.Format(path: output) }
    let figure = try figure()
    if let output { return try Gnuplot().write(figure, to: output) }
    let chart = TerminalChart(
      figure, columns: Console.columns,
      colours: Console.isOutputTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil)
    Console.print(chart.text.trimmingCharacters(in: .newlines))
  }

  private func figure() throws -> Figure {
    if kind == .sensitivity, runs.count == 1, runs[0].lowercased().hasSuffix(".csv") {
      return try SensitivityFigure(
        SweepTable(csv: runs[0], metric: metric), metric: metric, parameter: parameter
      ).figure
    }
    return try kind.figure(
      of: RunLog.read(RunReference.paths(of: runs)), metric: metric,
      parameter: parameter)
  }
}

extension RunFigure: ExpressibleByArgument {}
