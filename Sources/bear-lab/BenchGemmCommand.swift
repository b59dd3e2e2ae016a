import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabTensor

/// `bear-lab bench gemm`.
struct BenchGemmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm",
    abstract: "Time a model's matrix products, against the largest speed of each engine.",
    discussion: """
      Every product with frozen weights of a training step, forward and transposed, and of decoding \
      at 40 rows, with the weights of different layers in turn, by every engine and in every \
      precision that this CPU has. The largest speed is that of a square product of 2048 or 4096, \
      whichever is faster. The head of a training step has a tenth of the rows: about as many \
      tokens have logits, where an objective asks for the whole vocabulary. Of the model, only the \
      header of its file is read.
      """)

  @Option(help: "A model's name, GGUF file or folder.") var model: String?
  @Option(help: "Tokens of a training step.") var rows = 1100
  @Option(help: "Threads; 0 for one a core.") var threads: String?
  @Option(help: "Of weights and products: f32 or bf16. (default: every one that there is)")
  var precision: String?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (1...100_000).contains(rows) else {
      throw ValidationError("--rows cannot be \(rows): give a number from 1 to 100000")
    }
  }

  func run() throws {
    let assignments = [("model", model), ("threads", threads), ("precision", precision)]
      .compactMap { name, text in
        text.map { RunDescription.Assignment(section: "", name: name, text: $0) }
      }
    let description = try RunDescription(assignments, registry: .builtin())
    try ComputeOptions.apply(threads: description.general["threads"])
    try description.precision?.require()
    let outline = try ModelOutline(path: ResourceLocator.current.model(description.model))
    let report = ProductBench(outline, rows: rows, precision: try description.precision).run {
      Console.error("bench: \($0)")
    }
    Console.print(json ? try report.json() : report.text)
  }
}
