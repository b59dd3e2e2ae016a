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
  /// What measures pruning in a finished run: `PR@5`, `Prop@5` and the same at 10, as shares, where
  /// one that is of nothing is left out; `targets@5` and `targets@10`, of how many they are.
  public typealias Diagnosis =
    (_ experiment: Experiment, _ run: RunFolder, _ observer: @escaping (RunEvent) -> Void) throws
    -> [String: Double]

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
    let queue = RunQueue(registry: registry, resources: resources)
    for run in plan.runs {
      do {
        let folder = try queue.finished(
          run, title: "\(run.method): \(run.name)", interruption, observer
        ) { ReproductionError.otherSettings(path: run.path, differing: $0) }
        measured.append(try measurements(folder, run, queue, observer))
      } catch is RunInterrupted {
        throw ReproductionInterrupted(target: plan.target, output: plan.request.output)
      }
    }
    let report = try ReproductionReport(plan, measured).text
    try DurableFile.replace(
      "\(plan.request.output)/\(plan.target.rawValue).md", with: Array(report.utf8))
    return report
  }

  private func measurements(
    _ folder: RunFolder, _ run: ReproductionPlan.Run, _ queue: RunQueue,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> RunMeasurements {
    var measurements = try RunMeasurements(folder, run.description)
    let isAsked = plan.layout.columns.contains { column in
      if case .diagnosis = column.source { true } else { false }
    }
    if isAsked, run.description.hasModel, let diagnosis {
      measurements.add(try diagnosed(folder, run, queue, observer, diagnosis))
    }
    return measurements
  }

  /// The diagnosis of a run, kept in its folder: it takes as long as measuring.
  private func diagnosed(
    _ folder: RunFolder, _ run: ReproductionPlan.Run, _ queue: RunQueue,
    _ observer: @escaping (RunEvent) -> Void, _ diagnosis: Diagnosis
  ) throws -> [String: Double] {
    let path = "\(folder.path)/pruning.json"
    if let data = FileManager.default.contents(atPath: path),
      let known = try? JSONDecoder().decode([String: Double].self, from: data)
    {
      return known
    }
    let experiment = try run.description.resolvingPrecision().experiment(
      registry: registry, resources: queue.resources)
    guard let experiment = experiment as? Experiment else { return [:] }
    let found = try diagnosis(experiment, folder, observer)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try folder.write(String(decoding: encoder.encode(found), as: UTF8.self) + "\n", to: path)
    return found
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
