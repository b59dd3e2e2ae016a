import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab resume`: continue a run that was stopped.
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Continue a run that was stopped, from its newest intact checkpoint.",
    discussion: """
      The run ends with the weights and the metrics.jsonl, to the bit, of one that was never \
      stopped: same settings, precision, instruction set and number of threads, all of them taken from \
      its run.yaml. What came after the checkpoint is computed again.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run or a series of seeds: folder, number, name or tag.", valueName: "run"))
  var runFolder: String
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    let folder = try RunReference.folder(runFolder)
    if let report = folder.report {
      Console.error("the run in \(folder.path) has ended; nothing is left to do")
      Console.print(report.trimmingCharacters(in: .newlines))
      return
    }
    let text = try folder.readDescription()
    let recorded = try RunDescription.assignments(yaml: text, path: folder.descriptionPath)
    // Where a plug-in is does not belong to the settings that must be the same.
    let registry = try PluginRegistry.named(by: recorded, and: plugins.paths)
    let description = try RunDescription(recorded, registry: registry)
    let record = try RunRecord(yaml: text, path: folder.descriptionPath)
    try ComputeOptions.apply(
      threads: record["threads"].flatMap(Int.init) ?? description.general["threads"],
      instructionSet: record["instruction-set"])
    if try !description.seeds.isEmpty {
      return try RunCommand.executeSeries(description, in: folder.path, registry: registry)
    }
    let experiment = try description.prepared(registry: registry, resources: .current)
    try RunCommand.execute(experiment, in: folder)
  }
}
