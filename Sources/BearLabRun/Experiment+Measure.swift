internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN

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
      try TrainingCheckpoint(readingFrom: folder.checkpointPath(epoch: epoch)).restore(trained)
      adapter = trained
      name = "\(description.objective.name), epoch \(epoch)"
    }
    let windows = try testWindows
    observer(.began(stage: "\(name) on test", done: 0, total: windows.count, unit: "users"))
    let evaluation = try evaluator().evaluate(windows, adapter: adapter) {
      observer(.progress(done: $0, detail: ""))
    }
    return ReportTable(
      rows: [.init(name, EvaluationFigures(evaluation, name: name, split: "test"))],
      rowsEvaluated: windows.count,
      titleCount: trie.titleCount, protocolSummary: description.protocolSummary)
  }
}
