internal import BearLabCheckpoint
public import BearLabCore
internal import Foundation

/// Does the runs that a table or figure of the paper needs, or finds them done, and sets the
/// paper's numbers and ours side by side.
///
/// Each run has a folder of its own. One that has ended is used as it is, another continues: who
/// starts a reproduction again goes on where it was stopped, and two of them share what they have in
/// common.
public struct Reproduction {
  /// What measures pruning in a finished run: `PR@5`, `Prop@5` and the same at 10, as shares; one
  /// that is of nothing is left out.
  public typealias Diagnosis =
    (_ experiment: Experiment, _ run: RunFolder, _ observer: @escaping (RunEvent) -> Void) throws
    -> [String: Double]
  private typealias Loaded = (description: RunDescription, experiment: any PreparedExperiment)

  private let plan: ReproductionPlan
  private let registry: PluginRegistry
  private let resources: ResourceLocator
  private let diagnosis: Diagnosis?

  /// Prepares a reproduction.
  ///
  /// - Parameters:
  ///   - plan: the runs.
  ///   - registry: the plug-ins.
  ///   - resources: where data sets and models are.
  ///   - diagnosis: nil leaves its columns empty.
  public init(
    _ plan: ReproductionPlan, registry: PluginRegistry, resources: ResourceLocator,
    diagnosis: Diagnosis? = nil
  ) {
    self.plan = plan
    self.registry = registry
    self.resources = resources
    self.diagnosis = diagnosis
  }

  /// Does what is not done yet, and compares.
  ///
  /// - Returns: the report, which stands in `<target>.md` beside the runs as well.
  /// - Throws: ``RunInterrupted``, ``ReproductionError/otherSettings(path:differing:)`` for a folder
  ///   with another run, and what a run throws.
  public func run(
    interruption: Interruption = Interruption(), observer: @escaping (RunEvent) -> Void
  ) throws -> String {
    var measured: [RunMeasurements] = []
    // Of the last run: another seed has the same data and model.
    var loaded: Loaded?
    for run in plan.runs {
      do {
        let folder = try finished(run, &loaded, interruption, observer)
        measured.append(try measurements(folder, run, &loaded, observer))
      } catch is RunInterrupted {
        throw ReproductionInterrupted(target: plan.target, output: plan.request.output)
      }
    }
    let report = try ReproductionReport(plan, measured).text
    try DurableFile.replace(
      "\(plan.request.output)/\(plan.target.rawValue).md", with: Array(report.utf8))
    return report
  }

  /// The folder of a run that has ended, which is done or continued if need be.
  private func finished(
    _ run: ReproductionPlan.Run,
    _ loaded: inout Loaded?,
    _ interruption: Interruption, _ observer: @escaping (RunEvent) -> Void
  ) throws -> RunFolder {
    let description =
      run.description.hasModel ? try run.description.resolvingPrecision() : run.description
    if run.state != .new {
      let folder = try RunFolder(existing: run.path)
      try run.requireSame(description, registry: registry)
      if folder.report != nil { return folder }
    }
    observer(.notice("\(run.method): \(run.name)"))
    let experiment = try prepared(description, run, &loaded)
    let folder =
      run.state == .new ? try RunFolder(creating: run.path) : try RunFolder(existing: run.path)
    _ = try experiment.run(in: folder, interruption: interruption, observer: observer)
    return folder
  }

  /// The description brought to life, on the data and the model of the last one where these are the
  /// same.
  private func prepared(
    _ description: RunDescription, _ run: ReproductionPlan.Run,
    _ loaded: inout Loaded?
  ) throws -> any PreparedExperiment {
    if let last = loaded, !run.startsFromAnother,
      try last.description.yaml(ignoringSeed: true) == description.yaml(ignoringSeed: true)
    {
      return last.experiment.replacing(description)
    }
    // Two models at once may be more than there is memory for.
    loaded = nil
    let experiment = try description.experiment(registry: registry, resources: resources)
    loaded = (description, experiment)
    return experiment
  }

  private func measurements(
    _ folder: RunFolder, _ run: ReproductionPlan.Run, _ loaded: inout Loaded?,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> RunMeasurements {
    var measurements = try RunMeasurements(folder, run.description)
    let isAsked = plan.layout.columns.contains { column in
      if case .diagnosis = column.source { true } else { false }
    }
    if isAsked, run.description.hasModel, let diagnosis {
      measurements.add(try diagnosed(folder, run, &loaded, observer, diagnosis))
    }
    return measurements
  }

  /// The diagnosis of a run, kept in its folder: it takes as long as measuring.
  private func diagnosed(
    _ folder: RunFolder, _ run: ReproductionPlan.Run, _ loaded: inout Loaded?,
    _ observer: @escaping (RunEvent) -> Void, _ diagnosis: Diagnosis
  ) throws -> [String: Double] {
    let path = "\(folder.path)/pruning.json"
    if let data = FileManager.default.contents(atPath: path),
      let known = try? JSONDecoder().decode([String: Double].self, from: data)
    {
      return known
    }
    let experiment = try prepared(run.description.resolvingPrecision(), run, &loaded)
    guard let experiment = experiment as? Experiment else { return [:] }
    let found = try diagnosis(experiment, folder, observer)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try folder.write(String(decoding: encoder.encode(found), as: UTF8.self) + "\n", to: path)
    return found
  }
}

extension ReproductionPlan.Run {
  /// How far a run is.
  public enum State: String, Sendable {
    case new, unfinished, finished
  }

  /// What its folder says; that the settings are the same is not looked at.
  public var state: State {
    guard let folder = try? RunFolder(existing: path) else { return .new }
    return folder.report == nil ? .unfinished : .finished
  }

  /// Checks that what is in the folder is this run.
  ///
  /// - Throws: ``ReproductionError/otherSettings(path:differing:)``.
  fileprivate func requireSame(
    _ description: RunDescription, registry: PluginRegistry
  ) throws {
    let folder = try RunFolder(existing: path)
    let found = try RunDescription(
      RunDescription.assignments(yaml: folder.readDescription(), path: folder.descriptionPath),
      registry: registry
    ).yaml()
    let expected = try description.yaml()
    guard found != expected else { return }
    let lines = Set(found.split(separator: "\n")).subtracting(expected.split(separator: "\n"))
    throw ReproductionError.otherSettings(
      path: path, differing: lines.map { $0.trimmingCharacters(in: .whitespaces) }.sorted())
  }
}

extension RunDescription {
  /// The description as `run.yaml` has it, maybe with a fixed seed.
  fileprivate func yaml(ignoringSeed: Bool) throws -> String {
    ignoringSeed ? try replacing(general: ["seed": .integer(0)]).yaml() : try yaml()
  }
}

/// Thrown where a reproduction stops because it was asked to; its runs are kept as far as they are.
public struct ReproductionInterrupted: BearLabError, Equatable {
  public let target: ReproductionTarget
  /// The folder of the runs.
  public let output: String

  public var description: String { "\(target.rawValue) was stopped, and can go on" }
  public var remedy: String { "call the same command again; its runs are in \(output)" }
}
