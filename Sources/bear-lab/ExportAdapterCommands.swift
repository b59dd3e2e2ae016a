import ArgumentParser
import BearLabCore
import BearLabFormats
import BearLabRun
import BearLabStore

/// What the exports of LoRA weights are told.
struct AdapterOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("A run: folder, number, name or tag.", valueName: "run"))
  var runFolder: String
  @Option(help: "Which epoch's weights: best, which the run reports, or last.")
  var checkpoint = AdapterExport.Checkpoint.best
  @Option(help: "Threads; 0 for one a core.") var threads = 0
  @OptionGroup var plugins: PluginOptions

  /// Loads the weights, has them written, and tells how well they came back.
  func write(to path: String, _ write: (inout AdapterExport) throws -> Float) throws {
    try ComputeOptions.apply(threads: threads)
    let folder = try RunReference.folder(runFolder)
    var export = try AdapterExport(
      of: folder, checkpoint: checkpoint, registry: plugins.registry(of: folder),
      resources: .current)
    export.notices.forEach { Console.error("note: \($0)") }
    let gap = try write(&export)
    Console.error("epoch \(export.epoch): \(path); read back, logits differ by at most \(gap)")
  }
}

/// `bear-lab export peft`: a run's LoRA weights for Hugging Face's PEFT.
struct ExportPEFTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peft",
    abstract: "Write a run's LoRA weights as PEFT loads them, and --adapter here.",
    discussion: """
      The folder gets adapter_model.safetensors, adapter_config.json and bear-lab-probe.json: \
      numbers by which --adapter finds a factor that was transposed, scaled or trained since, and \
      another base model.
      """)

  @OptionGroup var options: AdapterOptions
  @Argument(help: "The folder to write: new or empty.") var folder: String

  func run() throws { try options.write(to: folder) { try $0.writePEFT(to: folder) } }
}

/// `bear-lab export gguf-lora`: a run's LoRA weights for llama.cpp.
struct ExportGGUFLoRACommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gguf-lora",
    abstract: "Write a run's LoRA weights as llama.cpp loads them with --lora.")

  @OptionGroup var options: AdapterOptions
  @Argument(help: "The GGUF file to write; it must not exist.") var file: String

  func run() throws { try options.write(to: file) { try $0.writeGGUF(to: file) } }
}

/// `bear-lab export merged`: base model and LoRA weights as one model.
struct ExportMergedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merged",
    abstract: "Write a run's model, its LoRA weights added, as a Hugging Face folder.",
    discussion: """
      config.json and the tokenizer are those of the base model's folder, or written from the header \
      of its GGUF file, whose weights are dequantised. --model here, transformers and llama.cpp's \
      converter read the folder.
      """)

  @OptionGroup var options: AdapterOptions
  @Argument(help: "The folder to write: new or empty.") var folder: String
  @Option(help: "Of the weights: f32, or f16 or bf16, which round them.")
  var type = FloatType.f32

  func run() throws {
    try options.write(to: folder) { try $0.writeMerged(to: folder, type: type) }
  }
}

extension AdapterExport.Checkpoint: ExpressibleByArgument {}
extension FloatType: ExpressibleByArgument {}
