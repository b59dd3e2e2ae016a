import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabTensor
import Foundation

/// `bear-lab bench all`.
struct BenchAllCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract:
      "Time a set of works, each in a process of its own, and compare with earlier figures.",
    discussion: """
      SFT, MSL and BEAR steps and constrained beams on the data sets book and office, in every \
      precision that there is: medians of five steps or batches. Without the two data sets the \
      default one is timed. A ratio above 1 means faster, or less memory, than before.
      """)

  @Option(help: "The folder that holds the data sets book and office; else the cache is searched.")
  var data: String?
  @Option(help: "A model's name, GGUF file or folder.") var model: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(name: .customLong("json"), help: "A file that the figures are written to.")
  var jsonFile: String?
  @Option(
    name: .customLong("compare"), help: "A file that --json wrote: print the ratios to it.")
  var earlierFile: String?
  @Flag(help: "Two steps or batches a work: a first look.") var quick = false

  func run() throws {
    // Before minutes of work.
    let earlier = try earlierFile.map { try BenchResults(readingFrom: $0) }
    let options = [("--model", model), ("--threads", threads)].flatMap { name, value in
      value.map { [name, $0] } ?? []
    }
    // The instruction set decides which precisions there are.
    try ComputeOptions.apply(threads: 1)
    let set = BenchSet(
      data: data, resources: .current, precisions: Precision.available, options: options,
      isQuick: quick)
    set.notices.forEach { Console.error("bench: \($0)") }
    let results = try set.run(program: Self.program) { Console.error("bench: \($0.name)") }
    try jsonFile.map { try results.write(to: $0) }
    Console.print(earlier.map { results.comparison(with: $0) } ?? results.table)
  }

  /// This program.
  static var program: String {
    Bundle.main.executablePath ?? CommandLine.arguments[0]
  }
}
