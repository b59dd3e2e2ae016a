import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore

/// `bear-lab export`: what a run knows, as a file for something else.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what a run knows into a file for something else.",
    subcommands: [
      ExportTensorBoardCommand.self, ExportCSVCommand.self, ExportJSONLinesCommand.self,
      ExportNotebookCommand.self, ExportTeacherCommand.self, ExportPEFTCommand.self,
      ExportGGUFLoRACommand.self, ExportMergedCommand.self,
    ])
}

/// `bear-lab export teacher`: what a language model recommends, for a recommender to learn from.
struct ExportTeacherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "teacher",
    abstract: "Write a run's ranked lists behind training windows, and vectors of the items.",
    discussion: """
      The run's best checkpoint and its decoder make a list behind each of the first training \
      windows, the base model a vector of each title. --recommender dllm2rec with \
      --set recommender.teacher=FILE learns from the file.
      """)

  @Argument(help: ArgumentHelp("A run: folder, number, name or tag.", valueName: "run"))
  var runFolder: String
  @Argument(help: "The file to write.") var file: String
  @Option(help: "Training windows, the first in the order in which runs train on them.")
  var rows = 1000

  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    guard rows > 0 else { throw ValidationError("--rows cannot be \(rows): give 1 at least") }
  }

  func run() throws {
    let folder = try RunReference.folder(runFolder)
    let registry = try plugins.registry(of: folder)
    let description = try RunDescription(
      RunDescription.assignments(yaml: folder.readDescription(), path: folder.descriptionPath),
      registry: registry)
    let experiment = try Experiment(loading: description, registry: registry)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let count = try experiment.exportTeacher(
      of: folder, rows: rows, to: file, observer: printer.show)
    Console.error("\(count) lists and \(experiment.dataset.catalogue.itemCount) vectors: \(file)")
  }
}
