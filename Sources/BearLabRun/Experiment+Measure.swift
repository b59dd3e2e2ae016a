internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN
internal import Foundation

extension Experiment {
  /// Measures a run's best checkpoint on test, or the base model where there is no run.
  ///
  /// - Returns: a table of one row.
  public func measure(
    run folder: RunFolder?, observer: (RunEvent) -> Void
  ) throws -> ReportTable {
    notices.forEach { observer(.notice($0)) }
    var adapter: LoRAAdapter?
    var name = "zero-shot"
    if let folder {
      let epoch = try folder.bestEpoch()
      let trained = loaded.model.makeAdapter(
        try description.loraSettings, seed: try description.seed)
      try TrainingCheckpoint.read(into: trained, from: folder.checkpointPath(epoch: epoch))
      adapter = trained
      name = "\(description.objective.name), epoch \(epoch)"
    }
    let windows = try testWindows
    observer(.began(stage: "\(name) on test", total: windows.count, unit: "users"))
    let evaluation = try evaluator().evaluate(windows, adapter: adapter) {
      observer(.progress(done: $0, detail: ""))
    }
    return ReportTable(
      rows: [.init(name, EvaluationFigures(evaluation, name: name, split: "test"))],
      rowsEvaluated: windows.count,
      titleCount: trie.titleCount)
  }
}

extension RunFolder {
  private struct Line: Decodable {
    let event: String
    let name: String?
    let split: String?
    let ndcg: Double?

    enum CodingKeys: String, CodingKey {
      case event, name, split
      case ndcg = "ndcg@10"
    }
  }

  /// The epoch with the best validation NDCG@10 in `metrics.jsonl`, the earliest of equals.
  ///
  /// - Throws: ``RunFolderError/noCheckpoint(path:)`` where no epoch was finished.
  func bestEpoch() throws(RunFolderError) -> Int {
    let text = (try? String(contentsOfFile: "\(path)/metrics.jsonl", encoding: .utf8)) ?? ""
    let decoder = JSONDecoder()
    var best: (epoch: Int, ndcg: Double)?
    for text in text.split(separator: "\n") {
      // A last line that was cut off is no line.
      guard let line = try? decoder.decode(Line.self, from: Data(text.utf8)),
        line.event == "evaluation", line.split == "validation", let ndcg = line.ndcg,
        let epoch = line.name.flatMap({ Int($0.dropFirst("epoch-".count)) })
      else { continue }
      if ndcg > best?.ndcg ?? -1 { best = (epoch, ndcg) }
    }
    guard let best else { throw .noCheckpoint(path: path) }
    return best.epoch
  }
}
