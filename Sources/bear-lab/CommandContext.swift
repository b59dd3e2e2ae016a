import ArgumentParser
import BearLabCore
import BearLabPlugins
import BearLabRun
import Foundation

/// What commands of one process share: nothing from the command line, a session's in the REPL.
struct CommandContext {
  /// Settings over which a command's own win, where it is about no run that has its own.
  var composed: [RunDescription.Assignment] = []
  /// Data sets and models that stay in memory.
  var loaded: LoadedResources?
  /// The folder of the last run that began or went on, or that the user chose.
  var currentRun: String?
  /// The packages and libraries of plug-ins that a session began with, by absolute paths.
  var plugins: [String] = []
  /// What was built of packages: once in a process, where a library cannot be replaced.
  var libraries: [String: PluginPackage.Libraries] = [:]
  /// Listens to Ctrl-C while a command of a session is at work.
  var signals: StopSignals?

  // Commands run one after another, on the main thread alone.
  nonisolated(unsafe) static var current = CommandContext()

  private static func isStop(_ error: any BearLabError) -> Bool {
    error is RunInterrupted || error is WorkInterrupted || error is SweepInterrupted
      || error is ReproductionInterrupted
  }

  /// Does work that Ctrl-C stops, and ends with the status that a shell gives for it.
  static func stoppable<Result>(_ work: (Interruption) throws -> Result) throws -> Result {
    let signals = current.signals ?? StopSignals()
    do {
      return try work(signals.interruption)
    } catch let stop as any BearLabError where isStop(stop) {
      Console.error("\(stop.description)\n  \(stop.remedy)")
      throw ExitCode(signals.exitStatus)
    }
  }
}
