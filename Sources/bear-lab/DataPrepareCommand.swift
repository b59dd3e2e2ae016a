import ArgumentParser
import BearLabCore
import BearLabData
import Foundation

/// `bear-lab data prepare`: a data set in the official layout, from a dump.
struct DataPrepareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Make a data set in the official layout from a dump, or from a seed.",
    discussion: """
      SOURCE is a folder with one of these, each file plain or .gz, or the file of interactions, or \
      synthetic:…, see `describe dataset synthetic`:

      \(Preparation.layouts.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))

      Users and items with few interactions go, windows are cut, and split in order of time. OUT, \
      whose name decides the words of the prompts, holds the files and preparation.json: settings, \
      hashes and counts. docs/data-sets.md says where to get the dumps.
      """)

  @Argument(help: "A folder, the file of interactions, or synthetic:…") var source: String
  @Argument(help: "The folder to make; there must be none.") var out: String
  @Option(help: "The layout of the dump, where file names do not tell it.") var layout: String?
  @Option(help: "The file of titles, where it is not beside the interactions.") var titles: String?
  @Option(help: "Interactions that a user or item must have to stay; repeated until all have.")
  var core = PreparationSettings().core
  @Option(help: "The longest window in items, the target included.")
  var window = PreparationSettings().window
  @Option(help: "The parts of training, validation and test, in order of time.")
  var split = "8:1:1"
  @Option(help: "A user's later interactions with an item: keep, or first to drop them.")
  var repeats: Repeats?
  @Flag(help: "Write &amp; and the like in titles as the characters that they stand for.")
  var decodeEntities = false
  @Flag(help: "Write white space in titles as single spaces.") var collapseSpaces = false
  @Option(help: "Drop items with a title of fewer characters.")
  var shortestTitle = TitleCleaning().shortest
  @Option(help: "Drop items with a title of more characters.") var longestTitle: Int?
  @Option(help: "The share of a file's lines that may be malformed.")
  var malformed = PreparationSettings().malformed
  @Option(help: "The column or key of users.") var userColumn: String?
  @Option(help: "The column or key of items, in both files.") var itemColumn: String?
  @Option(help: "The column or key of times: seconds, milliseconds, or ISO 8601.")
  var timeColumn: String?
  @Option(help: "The column or key of titles.") var titleColumn: String?
  @Flag(help: "Print preparation.json.") var json = false

  func run() throws {
    let record: PreparationRecord
    if SyntheticSource.isName(source) {
      guard layout == nil, titles == nil, try settings() == PreparationSettings() else {
        throw ValidationError("a synthetic data set takes no options of dumps: its name says all")
      }
      record = try SyntheticSource(name: source).write(to: out)
    } else {
      record = try Preparation(source, titles: titles, layout: layout, settings: settings()) {
        Console.error("data: \($0)")
      }.write(to: out)
    }
    Console.print(json ? try record.json() : record.text)
    Console.error("data set: \(out)")
  }

  private func settings() throws -> PreparationSettings {
    var settings = PreparationSettings()
    settings.core = core
    settings.window = window
    settings.split = try PreparationSettings.ratio(split)
    settings.repeats = repeats
    settings.titles.decodesEntities = decodeEntities
    settings.titles.collapsesSpaces = collapseSpaces
    settings.titles.shortest = shortestTitle
    settings.titles.longest = longestTitle
    settings.malformed = malformed
    let columns: [DumpRole: String?] = [
      .user: userColumn, .item: itemColumn, .time: timeColumn, .title: titleColumn,
    ]
    settings.columns = columns.compactMapValues(\.self)
    return settings
  }
}

extension Repeats: ExpressibleByArgument {}
