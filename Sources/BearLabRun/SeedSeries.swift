public import BearLabCore
internal import BearLabEvaluation
internal import BearLabTensor
internal import Foundation

/// One run for each of several seeds, and their mean and spread.
///
/// The folder holds the description, with its seeds, a folder `seed-<n>` for each run, and the
/// report. A series that is started again in its folder continues where it was stopped.
public struct SeedSeries {
  private let description: RunDescription
  private let folder: RunFolder
  private let registry: PluginRegistry
  private let resources: ResourceLocator
  /// What was loaded for the record of a new series; all seeds share it.
  private let first: (any PreparedExperiment)?

  /// Prepares a series in a new folder or that of the same series.
  ///
  /// - Throws: `ComputeError` for a precision that there is not; what reading the data and the model
  ///   for the first seed throws, before a folder is made; ``RunFolderError``.
  public init(
    _ description: RunDescription, in path: String, registry: PluginRegistry,
    resources: ResourceLocator
  ) throws {
    let description = try description.resolvingPrecision()
    self.description = description
    self.registry = registry
    self.resources = resources
    if FileManager.default.fileExists(atPath: "\(path)/\(RunFolder.descriptionName)") {
      folder = try RunFolder(existing: path)
      first = nil
    } else {
      let first = try description.withSeed(try description.seeds.first ?? 42)
        .experiment(registry: registry, resources: resources)
      folder = try RunFolder(creating: path)
      try RunRecord(first).begin(description, in: folder) { _ in }
      self.first = first
    }
  }

  /// Runs every seed that has not ended, and compares them all.
  ///
  /// - Returns: the report: a table of the seeds, mean and standard deviation.
  /// - Throws: ``RunInterrupted``, ``RunFolderError/inUse(path:)``, and what a run throws.
  public func run(
    interruption: Interruption = Interruption(), observer: @escaping (RunEvent) -> Void
  ) throws -> String {
    let lock = try RunLock(folder.path)
    return try folder.announcing(to: observer, holding: lock) {
      try finish(interruption, observer)
    }
  }

  private func finish(
    _ interruption: Interruption, _ observer: @escaping (RunEvent) -> Void
  ) throws -> String {
    var figures: [(seed: Int, figures: EvaluationFigures)] = []
    // Data and model are the same for all seeds, and are loaded once.
    var loaded = first
    for seed in try description.seeds {
      let path = "\(folder.path)/seed-\(seed)"
      do {
        figures.append((seed, try finished(path, seed: seed, &loaded, interruption, observer)))
      } catch is RunInterrupted {
        throw RunInterrupted(path: folder.path)
      }
    }
    let report = SeedReport(
      model: try description.hasModel
        ? "\(description.selection.title(of: description.objective.name)), fine-tuned"
        : description.recommender?.name ?? "",
      figures: figures, protocolSummary: description.protocolSummary,
      precision: description.hasModel ? try description.precision ?? .f32 : nil)
    try folder.write(report.text, to: folder.reportPath)
    return report.text
  }

  /// The figures of a seed's run, which is run or continued where it has not ended.
  private func finished(
    _ path: String, seed: Int, _ loaded: inout (any PreparedExperiment)?,
    _ interruption: Interruption,
    _ observer: @escaping (RunEvent) -> Void
  ) throws -> EvaluationFigures {
    let began = FileManager.default.fileExists(atPath: "\(path)/\(RunFolder.descriptionName)")
    let folder = began ? try RunFolder(existing: path) : try RunFolder(creating: path)
    if began { try requireSame(folder, seed: seed) }
    if folder.report == nil {
      observer(.notice("seed \(seed)"))
      let settings = try description.withSeed(seed)
      let experiment =
        try loaded?.replacing(settings)
        ?? settings.experiment(registry: registry, resources: resources)
      loaded = experiment
      try RunRecord(experiment).differences(from: self.folder.readRecord())
        .forEach { observer(.notice($0)) }
      _ = try experiment.run(in: folder, interruption: interruption, observer: observer)
    }
    return try folder.finalFigures(recommender: description.recommender?.name)
  }

  /// Checks that a seed's run has the settings and the data of the series.
  private func requireSame(_ run: RunFolder, seed: Int) throws {
    let text = try run.readDescription()
    let own = try RunDescription(
      RunDescription.assignments(yaml: text, path: run.descriptionPath), registry: registry)
    guard try own.yaml() == description.withSeed(seed).yaml() else {
      throw RunFolderError.changedSettings(path: run.path)
    }
    let changed = try RunRecord(yaml: text, path: run.descriptionPath)
      .changedFiles(since: folder.readRecord())
    if let changed = changed.first { throw changed }
  }
}

extension RunDescription {
  /// The same settings with one seed and no series.
  fileprivate func withSeed(_ seed: Int) throws -> RunDescription {
    try replacing(general: ["seed": .integer(seed), "seeds": .text("")])
  }
}

/// The table of a series: a row a seed, then mean and spread.
struct SeedReport {
  /// What was measured, as the caption names it where something was trained.
  let model: String
  let figures: [(seed: Int, figures: EvaluationFigures)]
  let protocolSummary: String
  /// Nil without a language model.
  let precision: Precision?

  /// Mean and sample standard deviation of a column; the latter is 0 for a single seed.
  static func spread(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(max(values.count, 1))
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
  }

  /// The table in Markdown, its columns aligned.
  var text: String {
    let cutoffs = RankingMetrics.cutoffs
    let further = Set(figures.flatMap(\.figures.further.keys)).sorted()
    let gains = 2 * cutoffs.count + further.count
    let header =
      ["seed"] + cutoffs.map { "NDCG@\($0)" } + cutoffs.map { "HR@\($0)" } + further
      + (precision == nil ? [] : ["item NLL"])
    let columns = figures.map { entry in
      [Double?](entry.figures.ndcg + entry.figures.hr) + further.map { entry.figures.further[$0] }
        + (precision == nil ? [] : [entry.figures.itemNLL])
    }
    func cell(_ value: Double?, _ digits: Int) -> String {
      value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
    var rows = zip(figures, columns).map { entry, values in
      ["\(entry.seed)"] + values.enumerated().map { cell($1, $0 < gains ? 4 : 3) }
    }
    let spreads = (header.indices.dropLast()).map { column -> (mean: Double, deviation: Double)? in
      let values = columns.compactMap { $0[column] }
      return values.count == columns.count ? Self.spread(values) : nil
    }
    rows.append(
      ["mean"] + spreads.enumerated().map { cell($1?.mean, $0 < gains ? 4 : 3) })
    rows.append(
      ["std. dev."]
        + spreads.enumerated().map { cell($1?.deviation, $0 < gains ? 4 : 3) })
    // Without an epoch nothing was trained.
    let first = figures.first?.figures
    let model = first?.name == "zero-shot" ? "zero-shot" : model
    let caption =
      "\(model), \(first?.rows ?? 0) test rows; standard deviation "
      + "over the seeds, with one degree of freedom less; protocol: \(protocolSummary)"
      + (precision.map { "; precision: \($0.rawValue)" } ?? "")
    return MarkdownTable(header: header, rows: rows).text + "\n" + caption + "\n"
  }
}
