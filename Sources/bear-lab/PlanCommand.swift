import ArgumentParser
import BearLabCore
import BearLabLanguageModel
import BearLabRun
import Foundation

/// `bear-lab plan`: predict the memory of a run.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Predict the peak memory of a run, without reading the model's weights.",
    discussion: """
      The batches of all epochs and of the test rows are laid out as the run will; of the \
      model, only the header of its file is read. With --layers, --width and the other sizes, a \
      model that need not exist is planned for, and --rows says how many tokens a micro-batch has, \
      what its samples share counted once.
      """)

  @OptionGroup var options: RunOptions
  @OptionGroup(title: "A model by its sizes") var sizes: ModelSizes
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let assignments = try options.assignments()
    let registry = try PluginRegistry.named(by: assignments)
    let description = try RunDescription(assignments, registry: registry)
    try ComputeOptions.apply(threads: description.general["threads"])
    let plan =
      if let shape = sizes.shape, let rows = sizes.rows {
        try RunPlan(shape: shape, tiedHead: sizes.tied, rows: rows, description: description)
      } else {
        try RunPlan(description, registry: registry, resources: .current)
      }
    Console.print(json ? try plan.json() : plan.text.trimmingCharacters(in: .newlines))
  }
}

/// The sizes of a model that need not exist.
struct ModelSizes: ParsableArguments {
  @Option(help: "Transformer blocks.") var layers: Int?
  @Option(help: "Of the residual stream.") var width: Int?
  @Option(help: "Query heads.") var heads: Int?
  @Option(help: "Key and value heads. (default: as many as query heads)") var kvHeads: Int?
  @Option(help: "Of a head. (default: the width shared out among the heads)") var headWidth: Int?
  @Option(help: "The feed-forward width.") var feedForward: Int?
  @Option(help: "Tokens of the vocabulary.") var vocabulary: Int?
  @Flag(help: "The head's weights are the embedding's.") var tied = false
  @Option(help: "Tokens of a micro-batch.") var rows: Int?

  private var given: [(name: String, value: Int?)] {
    [
      ("layers", layers), ("width", width), ("heads", heads), ("feed-forward", feedForward),
      ("vocabulary", vocabulary), ("rows", rows),
    ]
  }

  func validate() throws {
    let all = given + [("kv-heads", kvHeads), ("head-width", headWidth)]
    guard tied || all.contains(where: { $0.value != nil }) else { return }
    if let missing = given.first(where: { $0.value == nil }) {
      throw ValidationError("give --\(missing.name) as well: a model by its sizes needs them all")
    }
    try Self.check(all)
    guard let heads, let width else { return }
    try Self.check(heads: heads, kvHeads: kvHeads, headWidth: headWidth, width: width)
  }

  /// Refuses sizes beyond any model; products of what is left are small enough to compute with.
  static func check(_ sizes: [(name: String, value: Int?)]) throws {
    for (name, value) in sizes {
      guard let value, !(1...(name == "layers" ? 1 << 12 : 1 << 20)).contains(value) else {
        continue
      }
      throw ValidationError("--\(name) cannot be \(value): give a number that a model may have")
    }
  }

  /// Refuses heads that share nothing out evenly.
  static func check(heads: Int, kvHeads: Int?, headWidth: Int?, width: Int) throws {
    guard heads % (kvHeads ?? heads) == 0 else {
      throw ValidationError("--kv-heads must divide the \(heads) heads")
    }
    guard headWidth != nil || width % heads == 0 else {
      throw ValidationError("give --head-width where --width is no multiple of the \(heads) heads")
    }
  }

  /// The shape, or nil where no size was given.
  var shape: LanguageModelShape? {
    guard let layers, let width, let heads, let feedForward, let vocabulary else { return nil }
    return LanguageModelShape(
      layerCount: layers, width: width, feedForwardWidth: feedForward, headCount: heads,
      kvHeadCount: kvHeads ?? heads, headWidth: headWidth ?? width / heads,
      vocabularySize: vocabulary, contextLength: 1 << 20, normEpsilon: 1e-5, ropeTheta: 1e4)
  }
}
