import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabTensor

/// `bear-lab bench scaling`.
struct BenchScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Time how work grows with catalogue, histories, users and LoRA's rank.",
    discussion: """
      Data are made up from a seed: titles of 3 to 12 words of the model's vocabulary, and random \
      histories. Titles go from 2 000 to 200 000 (building the item trie, a training step, a \
      search), items of a history, users of a batch and LoRA's rank from 4 to 64, while the others \
      stay at 6 000 titles, 4 items, 4 users and rank 8. The exponent is the slope of log seconds \
      over log size: 1 where time grows as the size does. It takes minutes.
      """)

  @Option(help: "A model's name, GGUF file or folder.") var model: String?
  @Option(help: "What fine-tuning minimises.") var objective: String?
  @Option(help: "How items are searched.") var decoder: String?
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of weights and products: f32, bf16, or auto, the fastest there is.")
  var precision: String?
  @Option(help: "Of the data, and of LoRA's start and dropout.") var seed: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let assignments = [
      ("model", model), ("objective", objective), ("decoder", decoder), ("threads", threads),
      ("precision", precision), ("seed", seed),
    ].compactMap { name, text in
      text.map { RunDescription.Assignment(section: "", name: name, text: $0) }
    }
    let registry = try PluginRegistry.builtin()
    let description = try RunDescription(assignments, registry: registry)
    try ComputeOptions.apply(threads: description.general["threads"])
    let chosen = try description.precision ?? .best
    try chosen.require()
    let loaded = try LoadedModel(
      path: ResourceLocator.current.model(description.model), precision: chosen)
    let report = try ScalingBench(assignments, registry: registry, loaded: loaded).run {
      Console.error("bench: \($0)")
    }
    Console.print(json ? try report.json() : report.text)
  }
}
