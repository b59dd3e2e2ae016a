import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabTensor

/// `bear-lab verify`: compare with numbers that others have computed.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare with golden files: tokens, logits, losses, beams, training trajectories.",
    discussion: """
      Prints a line a check: pass with the largest differences, FAIL with the reason, or skip. \
      In bf16 the tolerances are wider and trajectories are not judged. The exit status is 1 when a check failed.
      """)

  @Argument(help: "A folder of golden files.") var folder: String
  @Option(help: "The model behind the numbers: a name, a GGUF file or a folder.") var model: String?
  @Option(help: "Threads; 0 for one a core.") var threads = 0
  @Option(help: "Of weights and products.") var precision = Precision.f32

  func run() throws {
    try ComputeOptions.apply(threads: threads)
    try precision.require()
    let loaded = try model.map {
      try LoadedModel(path: ResourceLocator.current.model($0), precision: precision)
    }
    var counts = (passed: 0, failed: 0, skipped: 0)
    try GoldenVerifier.run(folder: folder, model: loaded, registry: .builtin()) { verification in
      switch verification.outcome {
      case .pass: counts.passed += 1
      case .fail: counts.failed += 1
      case .skip: counts.skipped += 1
      }
      Console.print(verification.description)
    }
    Console.print("\(counts.passed) passed, \(counts.failed) failed, \(counts.skipped) skipped")
    if counts.failed > 0 { throw ExitCode.failure }
  }
}

extension Precision: @retroactive ExpressibleByArgument {}
