import ArgumentParser
import BearLabCore
import BearLabLanguageModel
import BearLabRun

/// `bear-lab bench shape`.
struct BenchShapeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shape",
    abstract: "Time training steps of a model of any sizes, and compare its memory with the plan.",
    discussion: """
      The weights are random, and so are prompts and answers: of a model's speed and memory, its \
      sizes alone decide. Every prompt begins with the shared tokens, which are computed once, and \
      each token of an answer is a choice. One step before the timed ones is not. The prediction is \
      that of `plan`, and the peak is the process's, drawing the weights included.
      """)

  @Option(help: "Transformer blocks.") var layers: Int
  @Option(help: "Of the residual stream.") var width: Int
  @Option(help: "Query heads.") var heads: Int
  @Option(help: "Key and value heads. (default: as many as query heads)") var kvHeads: Int?
  @Option(help: "Of a head. (default: the width shared out among the heads)") var headWidth: Int?
  @Option(help: "The feed-forward width.") var feedForward: Int
  @Option(help: "Tokens of the vocabulary.") var vocabulary: Int
  @Flag(help: "The head has weights of its own.") var untied = false
  @Option(help: "Tokens of a prompt.") var promptTokens = 250
  @Option(help: "Tokens of an answer.") var answerTokens = 12
  @Option(help: "Tokens that all prompts begin with.") var sharedTokens = 60
  @Option(help: "Samples of a step.") var batchSize = 8
  @Option(help: "Optimiser steps that are timed.") var steps = 5
  @Option(help: "What fine-tuning minimises.") var objective: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of weights and products: f32, bf16, or auto, the fastest there is.")
  var precision: String?
  @Option(help: "The most memory to take, such as 4G; 0 for all that there is.")
  var memoryLimit: String?
  @Option(help: "Of weights, prompts, and LoRA's start and dropout.") var seed: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any setting, such as lora.rank=16; may be given again.", valueName: "kind.parameter=value"))
  var settings: [String] = []
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    try ModelSizes.check([
      ("layers", layers), ("width", width), ("heads", heads), ("kv-heads", kvHeads),
      ("head-width", headWidth), ("feed-forward", feedForward), ("vocabulary", vocabulary),
    ])
    try ModelSizes.check(heads: heads, kvHeads: kvHeads, headWidth: headWidth, width: width)
    guard (headWidth ?? width / heads).isMultiple(of: 2), vocabulary >= 2 else {
      throw ValidationError("give an even --head-width and a --vocabulary of at least 2 tokens")
    }
  }

  func run() throws {
    let named = [
      ("objective", objective), ("threads", threads), ("precision", precision),
      ("memory-limit", memoryLimit), ("seed", seed),
    ].compactMap { name, text in
      text.map { RunDescription.Assignment(section: "", name: name, text: $0) }
    }
    let registry = try PluginRegistry.builtin()
    let description = try RunDescription(
      try settings.map { try RunDescription.Assignment(parsing: $0) } + named, registry: registry)
    let sizes = try ShapeBench.Sizes(
      promptTokens: promptTokens, answerTokens: answerTokens, sharedTokens: sharedTokens,
      batchSize: batchSize, steps: steps)
    try ComputeOptions.apply(threads: description.general["threads"])
    let report = try ShapeBench(
      shape: shape, tiedHead: !untied, sizes: sizes, description: description, registry: registry
    ).run { Console.error("bench: \($0)") }
    Console.print(json ? try report.json() : report.text)
  }

  private var shape: LanguageModelShape {
    LanguageModelShape(
      layerCount: layers, width: width, feedForwardWidth: feedForward, headCount: heads,
      kvHeadCount: kvHeads ?? heads, headWidth: headWidth ?? width / heads,
      vocabularySize: vocabulary, contextLength: promptTokens + answerTokens, normEpsilon: 1e-5,
      ropeTheta: 1e4)
  }
}
