internal import BearLabCore
internal import Foundation

/// A run that is to be done in a folder of its own, as part of something larger.
public protocol PlannedRun: Sendable {
  var path: String { get }
  /// What describes it, later ones winning over earlier ones.
  var settings: [RunDescription.Assignment] { get }
  var description: RunDescription { get }
}

/// How far a planned run is.
public enum PlannedRunState: String, Sendable {
  case new, unfinished, finished
}

extension PlannedRun {
  /// What `bear-lab` would have to be called with to do the same.
  public var command: [String] { runCommand(settings, output: path) }

  /// What its folder says; that the settings are the same is not looked at.
  public var state: PlannedRunState {
    guard let folder = try? RunFolder(existing: path) else { return .new }
    return folder.report == nil ? .unfinished : .finished
  }

  /// The settings of the run in its folder that are not those of `description`.
  func differences(
    from description: RunDescription, registry: PluginRegistry
  ) throws -> [String] {
    let folder = try RunFolder(existing: path)
    let found = try RunDescription(
      RunDescription.assignments(yaml: folder.readDescription(), path: folder.descriptionPath),
      registry: registry
    ).yaml()
    return try differingLines(of: found, from: description.yaml())
  }
}

/// The arguments with which `bear-lab` does a run of some settings in a folder.
func runCommand(_ settings: [RunDescription.Assignment], output: String) -> [String] {
  ["run", "--output", output]
    + settings.flatMap { ["--set", "\($0.path)=\($0.text)"] }
}

/// The lines of a description that another one lacks, sorted.
func differingLines(of found: String, from expected: String) -> [String] {
  Set(found.split(separator: "\n")).subtracting(expected.split(separator: "\n"))
    .map { $0.trimmingCharacters(in: .whitespaces) }.sorted()
}

/// Does planned runs one after another.
///
/// One that has ended is used as it is, another continues: who calls again goes on where it was
/// stopped. A run gets the data set and the model of the one before where they are the same.
struct RunQueue {
  let registry: PluginRegistry
  let resources: ResourceLocator

  init(registry: PluginRegistry, resources: ResourceLocator) {
    self.registry = registry
    self.resources = resources.keepingLoaded
  }

  /// The folder of a run that has ended, which is done or continued if need be.
  ///
  /// - Parameters:
  ///   - run: what is wanted.
  ///   - title: what the observer is told of it when it starts.
  ///   - interruption: asked by the run.
  ///   - observer: told what happens.
  ///   - refusal: the error for a folder with another run, given the settings that differ there.
  /// - Returns: the folder.
  /// - Throws: ``RunInterrupted``, the refusal, and what a run throws.
  func finished(
    _ run: some PlannedRun, title: String, _ interruption: Interruption,
    _ observer: @escaping (RunEvent) -> Void, refusal: ([String]) -> any BearLabError
  ) throws -> RunFolder {
    let description =
      run.description.hasModel ? try run.description.resolvingPrecision() : run.description
    let state = run.state
    if state != .new {
      let differing = try run.differences(from: description, registry: registry)
      guard differing.isEmpty else { throw refusal(differing) }
      if state == .finished { return try RunFolder(existing: run.path) }
    }
    observer(.notice(title))
    let experiment = try description.experiment(registry: registry, resources: resources)
    let folder =
      state == .new ? try RunFolder(creating: run.path) : try RunFolder(existing: run.path)
    _ = try experiment.run(in: folder, interruption: interruption, observer: observer)
    return folder
  }
}
