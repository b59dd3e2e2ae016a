import ArgumentParser
import BearLabCore
import BearLabRun
import BearLabStore
import Foundation

/// `bear-lab evaluate`: measure a run's checkpoint again, or a base model.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a run's best checkpoint, its recommender, or a base model zero-shot.",
    discussion: """
      With a run's folder, its run.yaml says what is measured; options given here win over it \
      (--eval-users 500, --decoder …). Without one, the base model is measured as it is. No \
      language model is trained and no file of the run written: settings of training change \
      nothing. A recommender that is no longer in the cache is trained again.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run: folder, number, name or tag; leave it out for a base model.", valueName: "run"))
  var runFolder: String?
  @OptionGroup var options: RunOptions

  func validate() throws { try options.refuseSeries() }

  func run() throws {
    let folder = try runFolder.map { try RunReference.folder($0) }
    let (assignments, registry) = try options.resolved(over: folder)
    let description = try RunDescription(assignments, registry: registry)
    let experiment = try description.loaded(registry: registry)
    let printer = ProgressPrinter(isTerminal: Console.isTerminal, write: Console.write)
    let table = try CommandContext.stoppable {
      try experiment.measure(run: folder, interruption: $0, observer: printer.show)
    }
    Console.print(table.text.trimmingCharacters(in: .newlines))
  }
}

extension RunOptions {
  /// Several seeds are several trainings, and nothing is trained here.
  func refuseSeries() throws {
    guard seeds == nil else { throw ValidationError("--seeds is an option of run alone") }
  }

  /// The settings of a run, if there is one, and those given here, which win; and the plug-ins of
  /// both.
  ///
  /// - Throws: ``RunFolderError/otherObjective(path:trained:given:)`` and
  ///   ``RunFolderError/otherRecommender(path:trained:given:)``: a table must not name what a run was
  ///   not trained with.
  func resolved(
    over run: RunFolder?
  ) throws -> (assignments: [RunDescription.Assignment], registry: PluginRegistry) {
    guard let run else {
      let assignments = try assignments()
      return (assignments, try .named(by: assignments))
    }
    let recorded = try RunDescription.assignments(
      yaml: run.readDescription(), path: run.descriptionPath)
    let given = try assignments(over: [])
    let registry = try PluginRegistry.named(
      by: recorded, and: RunDescription.pluginPaths(given))
    func training(_ assignments: [RunDescription.Assignment]) -> [RunDescription.Assignment] {
      assignments.filter { ["lora", "training"].contains($0.section) }
    }
    let own = try RunDescription(recorded, registry: registry)
    // A recommender that nothing but the run's decoder asked for goes with that decoder.
    let decodesAnew = given.contains {
      $0.section.isEmpty && $0.name == "decoder" && $0.text != own.decoder.name
    }
    let kept =
      own.trainsOnRecommender || !decodesAnew
      ? recorded
      : recorded.filter { ($0.section.isEmpty ? $0.name : $0.section) != "recommender" }
    // How the run was trained is not a protocol's to change afterwards.
    let all = kept + given + training(recorded) + training(given)
    try own.requireSameTraining(of: RunDescription(all, registry: registry), in: run)
    return (all, registry)
  }
}
