import ArgumentParser
import BearLabCore
import BearLabData
import BearLabRun

/// `bear-lab data`: makes data sets, and looks at them.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make a data set from a dump, or look at one.",
    subcommands: [DataPrepareCommand.self, DataCheckCommand.self])
}

/// `bear-lab data check`: what is in a data set, and what is wrong with it.
struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Count what is in a data set, and look for leaks.",
    discussion: """
      Users, items, interactions and density are those that the windows show. A window of training \
      or validation whose target is later than the first target of a later part is a leak; the exit \
      status is then 1, as where a tokenizer cannot tell all titles apart. docs/data-sets.md says \
      what each line means.
      """)

  @Argument(
    help: ArgumentHelp(
      "A data set: folder, name in the cache, or synthetic:…", valueName: "dataset"))
  var dataset: String
  @Option(parsing: .upToNextOption, help: "Models whose tokens are counted: names or files.")
  var model: [String] = []
  @Option(help: "Writes the prompts and answers whose tokens are counted.")
  var backbone = "bigrec"
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let registry = try plugins.registry()
    let check = try DatasetCheck(
      folder: ResourceLocator.current.dataset(dataset), registry: registry)
    var report = check.report()
    let backbone = try registry.backbones.find(backbone).init([:])
    for name in model {
      let encoder = try ResourceLocator.current.tokenizer(ofModel: name)
      report.tokens.append(try check.tokens(of: name, encoder, backbone: backbone))
    }
    Console.print(json ? try report.json() : report.text)
    if report.isLeaking || report.tokens.contains(where: \.isUnfit) { throw ExitCode.failure }
  }
}
