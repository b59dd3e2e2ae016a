import ArgumentParser
import BearLabCore
import BearLabRun
import Foundation

/// `bear-lab doctor`: say what this machine offers, and what is missing.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at this machine, the cache, the model and the data set of a run.",
    discussion: """
      Prints what a run would work with, the speed of matrix products, and what is wrong, each \
      with a remedy. The exit status is 1 when something would keep a run from working.
      """)

  @Option(help: "A model's name, GGUF file or folder; the default run's where none is given.")
  var model: String?
  @Option(help: "A data set's name or folder; the default run's where none is given.")
  var dataset: String?
  @Option(help: "Threads; 0 for one a core.") var threads = 0
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let processes = ProcessInfo.processInfo
    let doctor = Doctor(
      environment: processes.environment,
      threads: threads > 0 ? threads : processes.activeProcessorCount,
      folder: FileManager.default.currentDirectoryPath, registry: try plugins.registry())
    let report = doctor.examine(model: model, dataset: dataset)
    Console.print(json ? try report.json() : report.text)
    if report.hasProblem { throw ExitCode.failure }
  }
}
