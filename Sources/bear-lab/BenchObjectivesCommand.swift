import ArgumentParser
import BearLabCore
import BearLabRun
import Foundation

/// `bear-lab bench objectives`.
struct BenchObjectivesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "objectives",
    abstract:
      "Time a step of every kind of objective, and the exact search beside the beam search.",
    discussion: """
      Each work is a process of its own, and its seconds are those a sample or user. The ratio is \
      to the SFT step, and to the beam search of width 10. Drawing negatives is not timed, nor is \
      the reference, unless it is computed in the step.
      """)

  @Option(help: "A data set's name or folder.") var dataset: String?
  @Option(help: "A model's name, GGUF file or folder.") var model: String?
  @Option(help: "Of frozen weights and products.") var precision: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(name: .customLong("json"), help: "A file that the figures are written to.")
  var jsonFile: String?
  @Flag(help: "Two steps or batches a work: a first look.") var quick = false

  func run() throws {
    let options = [
      ("--dataset", dataset), ("--model", model), ("--precision", precision),
      ("--threads", threads),
    ].flatMap { name, value in value.map { [name, $0] } ?? [] }
    let set = BenchSet(ofObjectives: options, isQuick: quick)
    let results = try set.run(program: BenchAllCommand.program) {
      Console.error("bench: \($0.name)")
    }
    try jsonFile.map { try results.write(to: $0) }
    Console.print(results.costs)
  }
}
