internal import BearLabEvaluation
internal import BearLabFormats
internal import BearLabRun
internal import Foundation

/// What the files of a run tell of it.
struct RunFacts: Equatable, Sendable {
  /// Sizes and times of the files that were read: as long as they are the same, so is all else.
  var stamp = ""
  /// Whether the report is there, the last thing that a run writes.
  var hasReport = false
  /// `section.name`, or `name` of a general one; what the run found is `record.name`.
  var settings: [String: String] = [:]
  /// `zero-shot.ndcg@10` and the like; without a model's name those that the run ended with.
  var metrics: [String: Double] = [:]
  var settingsHash: String?
  var datasetHash: String?
  var modelHash: String?
  /// Seconds.
  var trainingSeconds = 0.0
  /// Seconds.
  var evaluationSeconds = 0.0

  /// A run of which nothing is known.
  init() {}

  /// Reads the folder of a run; what is damaged or not there yet is left out.
  init(of path: String) {
    // Before the files: what changes meanwhile is read again.
    stamp = Self.stamp(of: path)
    guard let folder = try? RunFolder(existing: path),
      let text = try? folder.readDescription()
    else { return }
    hasReport = FileManager.default.fileExists(atPath: folder.reportPath)
    readSettings(text, path: folder.descriptionPath)
    (trainingSeconds, evaluationSeconds) = Self.seconds(of: path)
    readMetrics(folder)
    if settings["seeds"].map({ !$0.isEmpty }) == true { addSeeds(of: path) }
  }

  /// The files that facts are read from, `run.yaml` first.
  private static let files = [
    RunFolder.descriptionName, "metrics.jsonl", "timing.jsonl", "report.md", "pruning.json",
    "diagnosis.jsonl",
  ]

  /// Of a series also those of its seeds, whose figures are its own.
  static func stamp(of path: String) -> String {
    ([path] + RunTree.seeds(of: path).map { "\(path)/\($0)" }).map(fileStamp)
      .joined(separator: " | ")
  }

  private static func fileStamp(_ path: String) -> String {
    files.map { name in
      guard
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      else { return "-" }
      let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\((attributes[.size] as? Int) ?? 0):\(time)"
    }.joined(separator: " ")
  }

  // MARK: Settings

  private mutating func readSettings(_ text: String, path: String) {
    let assignments = (try? RunDescription.assignments(yaml: text, path: path)) ?? []
    for assignment in assignments {
      let name = assignment.name
      let isPlugin = assignment.section.isEmpty && RunDescription.pluginKinds.contains(name)
      settings[isPlugin ? "\(name).name" : assignment.path] = assignment.text
    }
    settingsHash = Self.hash(settings.map { "\($0)=\($1)" })
    let record = (try? RunRecord(yaml: text, path: path))?.entries ?? []
    let suffix = "-sha256"
    // What is not the data set's: weights that a run began with, those it trained, and plug-ins.
    let others = ["model", "encoder", "adapter", "init-from", "recommender"].map { $0 + suffix }
    let files = record.filter {
      $0.name.hasSuffix(suffix) && !others.contains($0.name)
        && !$0.name.hasPrefix(RunRecord.plugin)
    }
    datasetHash = files.isEmpty ? nil : Self.hash(files.map { "\($0.name)=\($0.value)" })
    modelHash = record.first { $0.name == "model" + suffix }?.value
    for entry in record { settings["record.\(entry.name)"] = entry.value }
  }

  /// The SHA-256 of lines in their sorted order.
  private static func hash(_ lines: [String]) -> String {
    FileHash.sha256(of: Array(lines.sorted().joined(separator: "\n").utf8))
  }

  // MARK: Metrics

  private mutating func readMetrics(_ folder: RunFolder) {
    let evaluations = folder.evaluations()
    for figures in evaluations where figures.split == "test" && !figures.name.hasPrefix("epoch-") {
      add(figures, prefix: "\(figures.name).")
    }
    let validation = evaluations.filter { $0.split == "validation" }
    if let best = RunFolder.best(of: validation)?.epoch,
      let figures = validation.last(where: { $0.name == "epoch-\(best)" })
    {
      add(figures, prefix: "validation.")
    }
    // Before the end they would be those of the model that training began with; and a run that looks
    // at validation alone has none on test.
    if hasReport,
      let figures = try? folder.finalFigures(recommender: settings["recommender.name"]),
      figures.split == "test"
    {
      add(figures, prefix: "")
    }
    readPruning(folder)
  }

  private mutating func add(_ figures: EvaluationFigures, prefix: String) {
    for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
      metrics["\(prefix)ndcg@\(cutoff)"] = figures.ndcg[place]
      metrics["\(prefix)hr@\(cutoff)"] = figures.hr[place]
    }
    metrics["\(prefix)item_nll"] = figures.itemNLL
    for (name, value) in figures.further { metrics["\(prefix)\(name)"] = value }
  }

  private struct PruningLine: Decodable {
    let rank: Int
    let rank_exact: Bool
    let pruned: Bool
  }

  /// PR@K as `reproduce` kept it, else from the rows that `diagnose` wrote.
  private mutating func readPruning(_ folder: RunFolder) {
    if let data = FileManager.default.contents(atPath: "\(folder.path)/pruning.json"),
      let shares = try? JSONDecoder().decode([String: Double].self, from: data)
    {
      // Of how many targets they are is there too.
      for (name, share) in shares where name.hasPrefix("PR@") || name.hasPrefix("Prop@") {
        metrics[name.lowercased()] = share
      }
      return
    }
    let lines: [PruningLine] = Self.lines(of: folder.diagnosisPath)
    for cutoff in [5, 10] {
      let targets = lines.filter { $0.rank_exact && $0.rank <= cutoff }
      guard !targets.isEmpty else { continue }
      metrics["pr@\(cutoff)"] = Double(targets.count(where: \.pruned)) / Double(targets.count)
    }
  }

  // MARK: Times

  private struct TimingLine: Decodable {
    let event: String
    let step: Int?
    let epoch: Int?
    let name: String?
    let seconds: Double
  }

  /// What was computed again, after a stop, counts once.
  private static func seconds(of path: String) -> (training: Double, evaluation: Double) {
    var known: [String: TimingLine] = [:]
    for line in lines(of: "\(path)/timing.jsonl") as [TimingLine] {
      known["\(line.event) \(line.step ?? line.epoch ?? 0) \(line.name ?? "")"] = line
    }
    func sum(_ isCounted: (String) -> Bool) -> Double {
      known.values.filter { isCounted($0.event) }.map(\.seconds).sorted().reduce(0, +)
    }
    return (sum { $0 != "evaluation" }, sum { $0 == "evaluation" })
  }

  /// The lines of a file that are of a kind; a torn one is none.
  private static func lines<Line: Decodable>(of path: String) -> [Line] {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    let decoder = JSONDecoder()
    return data.split(separator: 0x0A).compactMap { try? decoder.decode(Line.self, from: $0) }
  }

  // MARK: Series

  /// The time of a series, and once it has ended the mean of each figure over its seeds.
  private mutating func addSeeds(of path: String) {
    let runs = RunTree.seeds(of: path).map { RunFacts(of: "\(path)/\($0)") }
    trainingSeconds = runs.map(\.trainingSeconds).reduce(0, +)
    evaluationSeconds = runs.map(\.evaluationSeconds).reduce(0, +)
    guard hasReport else { return }
    for name in Set(runs.flatMap(\.metrics.keys)) {
      let values = runs.compactMap { $0.metrics[name] }
      guard values.count == runs.count else { continue }
      metrics[name] = values.reduce(0, +) / Double(values.count)
    }
  }
}
