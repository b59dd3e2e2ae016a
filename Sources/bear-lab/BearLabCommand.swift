import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabTensor
import Foundation

/// The command line's root.
struct BearLabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bear-lab",
    abstract: "A lab for recommendation with language models: fine-tune, search, compare.",
    discussion: """
      The backbone, the objective and the decoder are plug-ins: `bear-lab list` shows them, \
      `bear-lab describe objective bear` their parameters. BEAR_LAB_CACHE names the folder of \
      models and data sets, BEAR_LAB_ISA forces an instruction set (portable, avx2, avx512, \
      avx512_bf16).
      """,
    version: BearLab.version,
    subcommands: [
      RunCommand.self, REPLCommandLine.self, ResumeCommand.self, SweepCommand.self,
      ReproduceCommand.self, RunsCommand.self, CompareCommand.self, PlotCommand.self,
      ExportCommand.self, EvaluateCommand.self, DiagnoseCommand.self, ExplainCommand.self,
      RecommendCommand.self, RescoreCommand.self, ListCommand.self, DescribeCommand.self,
      PlanCommand.self, NewCommand.self, VerifyCommand.self, BenchCommand.self, DoctorCommand.self,
      DataCommand.self,
    ])
}

@main
enum Main {
  static func main() {
    do {
      var command = try BearLabCommand.parseAsRoot()
      try command.run()
    } catch let error as any BearLabError {
      Console.show(error)
      Foundation.exit(1)
    } catch {
      BearLabCommand.exit(withError: error)
    }
  }
}

/// What every command that computes sets first.
enum ComputeOptions {
  /// Chooses kernels and threads, from the options and the environment.
  ///
  /// `instructionSet` is that of a run which continues; the best one serves where this machine
  /// lacks it.
  static func apply(threads: Int, instructionSet: String? = nil) throws {
    let environment = ProcessInfo.processInfo.environment
    let forced = environment["BEAR_LAB_ISA"].flatMap { $0.isEmpty ? nil : $0 }
    try Compute.selectInstructionSet(forced)
    if forced == nil, let instructionSet {
      // The run says where it goes on with another one.
      do { try Compute.selectInstructionSet(instructionSet) } catch {
        try Compute.selectInstructionSet(nil)
      }
    }
    Compute.threads = threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
  }
}

extension ResourceLocator {
  /// The resources that the environment names.
  static var current: ResourceLocator {
    ResourceLocator(
      environment: ProcessInfo.processInfo.environment, loaded: CommandContext.current.loaded)
  }
}
