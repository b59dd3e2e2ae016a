import ArgumentParser
import BearLabCore
import BearLabRun
import Foundation

/// `bear-lab rescore`: the metrics of a file of predictions.
struct RescoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rescore",
    abstract: "Measure a file of predictions: a run's, or one of the official script.",
    discussion: """
      Prints NDCG and HR with 95 % intervals. With a data set, targets seen and never seen in \
      training are measured apart, and answers that are no titles are counted; without one, texts \
      are compared as they are.
      """)

  @Argument(help: "The file: predictions.json, or predict_….json.") var file: String
  @Option(help: "The data set of the predictions: a name or a folder.") var dataset: String?
  @Option(
    help: """
      When an answer is right: leaf, it is the target's title; text, its text after the \
      tokenizer's clean-up of spaces is the raw title. (default: leaf with a data set)
      """)
  var match: String?
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let scored = try Rescore(
      file: file, dataset: dataset, match: match, registry: plugins.registry(), resources: .current)
    for notice in scored.notices { Console.error("note: \(notice)") }
    Console.print(try json ? scored.json : scored.text.trimmingCharacters(in: .newlines))
  }
}
