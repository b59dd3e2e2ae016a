import ArgumentParser
import BearLabCore
import BearLabRun

/// `bear-lab list`: the plug-ins.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the plug-ins, all or of one kind.")

  @Argument(help: "A kind: backbone, objective, decoder, recommender, sampler, metric, dataset.")
  var kind: String?
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    Console.print(try PluginListing.list(plugins.registry(), kind: kind))
  }
}

/// `bear-lab describe`: a plug-in's parameters.
struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Describe a plug-in, or a section of a run: parameters, defaults, ranges, source.")

  @Argument(help: "A kind, or `section`.") var kind: String
  @Argument(help: "A name, such as bear; for sections general, training, lora or evaluation.")
  var name: String
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    Console.print(try PluginListing.describe(plugins.registry(), kind: kind, name: name))
  }
}
