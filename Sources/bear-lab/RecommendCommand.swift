import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab recommend`: what comes after a history of titles.
struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend",
    abstract: "Recommend items for a history of titles.",
    discussion: """
      Titles are taken as the data set writes them; where there is no such title, the nearest one \
      is taken, with a notice. With a run's folder its best checkpoint is asked, as its run.yaml \
      says; options given here win over it. Without one, the base model is asked. A run without a \
      language model recommends by its recommender's scores.
      """)

  @Option(
    name: .customLong("run"),
    help: "A run: folder, number, name or tag; leave it out for a base model.")
  var runFolder: String?
  @Argument(help: "Titles, oldest first.") var titles: [String] = []
  @Option(parsing: .upToNextOption, help: "Titles too, before the others.")
  var history: [String] = []
  @Option(name: .customLong("k"), help: "How many are recommended.") var count = 10
  @Flag(help: "Print a JSON array.") var json = false
  @OptionGroup var options: RunOptions

  func validate() throws {
    try options.refuseSeries()
    guard !(history + titles).isEmpty else {
      throw ValidationError("there is no history: give titles, oldest first")
    }
    guard count >= 1 else { throw ValidationError("--k cannot be \(count): give at least 1") }
  }

  func run() throws {
    let folder = try runFolder.map { try RunReference.folder($0) }
    let (assignments, registry) = try options.resolved(over: folder)
    let description = try widened(assignments, registry: registry)
    let experiment = try description.loaded(registry: registry)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let list = try experiment.recommend(
      history: history + titles, run: folder, count: count, observer: printer.show)
    Console.print(try json ? Self.json(list) : list.map(Self.line).joined(separator: "\n"))
  }

  /// The description, its decoder as wide as the list is long where it would be narrower.
  private func widened(
    _ assignments: [RunDescription.Assignment], registry: PluginRegistry
  ) throws -> RunDescription {
    let description = try RunDescription(assignments, registry: registry)
    guard description.hasModel, let width: Int = try? description.decoder.values["width"],
      width < count
    else {
      return description
    }
    let wider = RunDescription.Assignment(section: "decoder", name: "width", text: "\(count)")
    return try RunDescription(assignments + [wider], registry: registry)
  }

  private static func line(_ place: Recommendation) -> String {
    // A title may hold a line feed.
    let title = place.title.replacing("\n", with: " ")
    return String(format: "%3d  %9.4f  ", place.rank, place.score) + title
  }

  private static func json(_ list: [Recommendation]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(list), as: UTF8.self)
  }
}
