internal import BearLabCheckpoint
internal import BearLabCore
package import BearLabEvaluation
internal import Foundation

extension RunFolder {
  /// The checkpoints that are there, the furthest first; they may be damaged.
  ///
  /// At the end of an epoch the one after its evaluation is the further.
  func checkpoints(stepsPerEpoch: Int) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    func number(_ name: String, after prefix: String) -> Int? {
      guard name.hasPrefix(prefix), name.hasSuffix(".h5") else { return nil }
      return Int(name.dropFirst(prefix.count).dropLast(".h5".count))
    }
    let found = names.compactMap { name -> (name: String, step: Int, isEvaluated: Int)? in
      if let step = number(name, after: "checkpoint-step-") { return (name, step, 0) }
      guard let epoch = number(name, after: "checkpoint-epoch-") else { return nil }
      return (name, epoch.multipliedReportingOverflow(by: stepsPerEpoch).partialValue, 1)
    }
    return found.sorted { ($0.step, $0.isEvaluated) > ($1.step, $1.isEvaluated) }
      .map { "\(path)/\($0.name)" }
  }

  /// Removes the checkpoints by step but for the newest `count`.
  func pruneCheckpoints(keeping count: Int) {
    let steps = checkpoints(stepsPerEpoch: 1).filter { $0.contains("/checkpoint-step-") }
    // One that cannot be removed costs space and nothing else.
    for path in steps.dropFirst(count) { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Removes what a killed process left half written.
  func removePartialFiles() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where DurableFile.isPartial(name) {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// What was found when a checkpoint to continue from was looked for.
  struct Search {
    /// Nil where the run has to start anew, which loses time and no bit.
    var checkpoint: TrainingCheckpoint?
    /// The file of the checkpoint.
    var path = ""
    /// The files of those that are further and cannot be used.
    var passedOver: [String] = []
    /// What is wrong with them, each thing once.
    var problems: [String] = []
  }

  /// The furthest checkpoint from which the run can continue.
  ///
  /// It must be intact itself, and so must the one of the best epoch, which is measured at the end;
  /// and `metrics.jsonl` must have all that was in it then.
  ///
  /// - Throws: ``RunFolderError/changedSettings(path:)``.
  func newestIntactCheckpoint(stepsPerEpoch: Int, settings: String) throws -> Search {
    var search = Search()
    let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/metrics.jsonl")
    let metricsLength = (attributes?[.size] as? Int) ?? 0
    for path in checkpoints(stepsPerEpoch: stepsPerEpoch) {
      let checkpoint: TrainingCheckpoint
      do {
        checkpoint = try TrainingCheckpoint(readingFrom: path)
        if let best = checkpoint.bestEpoch, checkpointPath(epoch: best) != path {
          _ = try TrainingCheckpoint(readingFrom: checkpointPath(epoch: best))
        }
        guard checkpoint.metricsLength <= metricsLength else {
          throw RunFolderError.shortMetrics(
            path: path, recorded: checkpoint.metricsLength, found: metricsLength)
        }
      } catch let error as any BearLabError {
        search.passedOver.append(path)
        if !search.problems.contains(error.description) {
          search.problems.append(error.description)
        }
        continue
      }
      try checkpoint.requireSettings(settings)
      (search.checkpoint, search.path) = (checkpoint, path)
      return search
    }
    return search
  }

  /// The evaluations in `metrics.jsonl`, in order; other lines and a torn one do not count.
  package func evaluations() -> [EvaluationFigures] {
    let text = (try? String(contentsOfFile: "\(path)/metrics.jsonl", encoding: .utf8)) ?? ""
    let decoder = JSONDecoder()
    return text.split(separator: "\n").compactMap {
      try? decoder.decode(EvaluationFigures.self, from: Data($0.utf8))
    }
  }

  /// The epoch that a run reports: the best NDCG@10 of those measured, the earliest of equals, or
  /// the last one where epochs are not measured.
  ///
  /// - Throws: ``RunFolderError/noCheckpoint(path:)`` where no epoch was finished.
  func bestEpoch() throws(RunFolderError) -> Int {
    // While a run is at work, an epoch may be measured and not kept yet.
    let kept = evaluations().filter { figures in
      Self.epoch(of: figures).map {
        FileManager.default.fileExists(atPath: checkpointPath(epoch: $0))
      } ?? false
    }
    return if let best = Self.best(of: kept) { best.epoch } else { try lastEpoch() }
  }

  /// The last epoch that was finished.
  ///
  /// - Throws: ``RunFolderError/noCheckpoint(path:)`` where there is none.
  func lastEpoch() throws(RunFolderError) -> Int {
    let last = checkpoints(stepsPerEpoch: 1).lazy
      .compactMap { $0.split(separator: "/").last }
      .filter { $0.hasPrefix("checkpoint-epoch-") }
      .compactMap { Int($0.dropFirst("checkpoint-epoch-".count).dropLast(".h5".count)) }.first
    guard let last else { throw .noCheckpoint(path: path) }
    return last
  }

  /// The epoch whose evaluation this is; nil for another one.
  static func epoch(of figures: EvaluationFigures) -> Int? {
    guard figures.name.hasPrefix("epoch-") else { return nil }
    return Int(figures.name.dropFirst("epoch-".count))
  }

  /// The best epoch among some evaluations.
  package static func best(of evaluations: [EvaluationFigures]) -> (epoch: Int, ndcg: Double)? {
    var best: (epoch: Int, ndcg: Double)?
    for figures in evaluations {
      guard let epoch = epoch(of: figures), let ndcg = figures.ndcg.last else { continue }
      if ndcg > best?.ndcg ?? -1 { best = (epoch, ndcg) }
    }
    return best
  }
}
