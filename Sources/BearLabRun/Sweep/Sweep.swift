internal import BearLabCheckpoint
public import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// Measures the points of a sweep on validation, chooses the best, and never looks at test.
///
/// Each run has a folder of its own. One that has ended is used as it is, another continues: who
/// starts a sweep again goes on where it was stopped.
public struct Sweep {
  private let plan: SweepPlan
  private let registry: PluginRegistry
  private let resources: ResourceLocator

  /// Prepares a sweep.
  public init(_ plan: SweepPlan, registry: PluginRegistry, resources: ResourceLocator) {
    self.plan = plan
    self.registry = registry
    self.resources = resources
  }

  private var output: String { plan.request.output }

  /// Does what is not done yet, and writes `sweep.md`, `sweep.csv` and `sweep.json`.
  ///
  /// - Parameters:
  ///   - isFinal: whether the chosen point is measured on test as well, in a run of its own.
  ///   - interruption: asked by every run.
  ///   - observer: told what happens.
  /// - Returns: the report, and that of the run on test below it.
  /// - Throws: ``SweepInterrupted``, ``SweepError/otherSettings(path:differing:)`` for a folder with
  ///   another sweep, and what a run throws.
  public func run(
    final isFinal: Bool = false, interruption: Interruption = Interruption(),
    observer: @escaping (RunEvent) -> Void
  ) throws -> String {
    try begin()
    let queue = RunQueue(registry: registry, resources: resources)
    do {
      let result = try measured(queue, interruption, observer)
      let report = SweepReport(plan, result)
      for (name, text) in try report.files {
        try DurableFile.replace("\(output)/\(name)", with: Array(text.utf8))
      }
      guard isFinal else { return report.text }
      let final = try finalReport(result.chosen.point, queue, interruption, observer)
      return report.text + "\n## On test\n\n" + final
    } catch is RunInterrupted {
      throw SweepInterrupted(output: output)
    }
  }

  /// Writes `sweep.yaml`, or checks that the one that is there is the same.
  private func begin() throws {
    let path = "\(output)/sweep.yaml"
    let yaml = try plan.request.yaml(plan.base.resolvingPrecision())
    let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
    if names.contains("sweep.yaml") {
      let found = try Self.settings(
        RunDescription.assignments(yamlFile: path))
      let wanted = try Self.settings(RunDescription.assignments(yaml: yaml, path: path))
      let differing = Set(found.keys).union(wanted.keys).sorted().filter {
        found[$0] != wanted[$0]
      }
      if differing.isEmpty { return }
      // Settings that no run began with, such as those of a mistake, may be replaced.
      let hasRuns = names.contains {
        FileManager.default.fileExists(atPath: "\(output)/\($0)/\(RunFolder.descriptionName)")
      }
      guard !hasRuns else {
        throw SweepError.otherSettings(
          path: output,
          differing: differing.map { name in
            "\(name) \(found[name] ?? "not there") instead of \(wanted[name] ?? "none")"
          })
      }
    } else {
      _ = try RunFolder(creating: output)
    }
    try DurableFile.replace(path, with: Array(yaml.utf8))
  }

  /// Values by name, those of the sweep itself without its section.
  private static func settings(_ assignments: [RunDescription.Assignment]) -> [String: String] {
    Dictionary(assignments.map { ($0.path, $0.text) }) { $1 }
  }

  /// Measures round after round, each with the best of the one before, until one is left.
  private func measured(
    _ queue: RunQueue, _ interruption: Interruption,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> SweepResult {
    var entries: [SweepResult.Entry] = []
    var points = Array(plan.points.indices)
    for (round, samples) in plan.rounds.enumerated() {
      var measured: [SweepResult.Entry] = []
      for point in points {
        let runs = try plan.runs(of: point, round: round, registry: registry)
        let figures = try runs.map { run in
          try finished(run, queue, interruption, observer).finalFigures(recommender: nil)
        }
        measured.append(
          .init(
            values: plan.points[point], point: point, round: round + 1, samples: samples, figures,
            runs: runs.map(\.name)))
      }
      entries += measured
      let factor = plan.request.halving?.factor ?? 1
      let kept = (points.count + factor - 1) / factor
      points = SweepResult.ranked(measured, by: plan.request.select).prefix(kept).map(\.point)
      // More samples would choose nothing any more.
      if points.count == 1 { break }
    }
    return SweepResult(
      entries, axes: plan.request.axes.map(\.title), select: plan.request.select)
  }

  private func finished(
    _ run: SweepPlan.Run, _ queue: RunQueue, _ interruption: Interruption,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> RunFolder {
    try queue.finished(run, title: run.name, interruption, observer) {
      SweepError.otherSettings(path: run.path, differing: $0)
    }
  }

  /// The report of the chosen point's run on test, which is done or continued if need be.
  private func finalReport(
    _ point: Int, _ queue: RunQueue, _ interruption: Interruption,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> String {
    let run = try plan.finalRun(of: point, registry: registry)
    if try run.description.seeds.isEmpty {
      return try finished(run, queue, interruption, observer).report ?? ""
    }
    return try SeedSeries(
      run.description, in: run.path, registry: registry, resources: resources
    ).run(interruption: interruption, observer: observer)
  }
}

extension SweepPlan {
  /// The run that measures a point on test, as `bear-lab run` would do it.
  func finalRun(of point: Int, registry: PluginRegistry) throws -> Run {
    let settings = finalSettings(of: point)
    return Run(
      name: "final-\(name(of: point))", path: finalPath(of: point), settings: settings,
      description: try RunDescription(settings, registry: registry), point: point)
  }

  /// The folder of that run.
  func finalPath(of point: Int) -> String { "\(request.output)/final-\(name(of: point))" }
}
