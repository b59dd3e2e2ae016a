internal import BearLabEvaluation
internal import BearLabRun
internal import Foundation

/// What a column shows and a condition asks: something of the run itself, a metric, or a setting.
enum RunKey {
  /// What the store and the files of a run tell, beside metrics and settings.
  static let own: [String: @Sendable (RunEntry) -> String?] = [
    "number": { $0.number.map(String.init) },
    "name": { $0.name },
    "state": { $0.state.rawValue },
    "reason": { $0.reason },
    "created": { $0.created },
    "started": { $0.started },
    "ended": { $0.ended },
    "time": { "\($0.trainingSeconds + $0.evaluationSeconds)" },
    "training-seconds": { "\($0.trainingSeconds)" },
    "evaluation-seconds": { "\($0.evaluationSeconds)" },
    "settings-hash": { $0.settingsHash },
    "dataset-hash": { $0.datasetHash },
    "model-hash": { $0.modelHash },
    "tags": { $0.tags.isEmpty ? nil : $0.tags.joined(separator: " ") },
    "note": { $0.note.isEmpty ? nil : $0.note },
  ]

  /// Those of them that are numbers.
  private static let ownNumbers: Set = ["number", "time", "training-seconds", "evaluation-seconds"]

  /// The metrics that any run may have.
  private static let metrics: Set<String> = {
    var names: Set = ["pr@5", "pr@10", "prop@5", "prop@10"]
    for model in ["", "popularity.", "zero-shot.", "fine-tuned.", "validation."] {
      for cutoff in RankingMetrics.cutoffs {
        names.formUnion(["\(model)ndcg@\(cutoff)", "\(model)hr@\(cutoff)"])
      }
      names.insert("\(model)item_nll")
    }
    return names
  }()

  /// The value of a run; nil where it has none.
  static func value(_ key: String, of entry: RunEntry) -> String? {
    if let own = own[key] { return own(entry) }
    if let metric = entry.metrics[key] { return "\(metric)" }
    let setting = entry.settings[key] ?? entry.settings["\(key).name"]
    return setting?.isEmpty == true ? nil : setting
  }

  /// The value as a table shows it.
  static func cell(_ key: String, of entry: RunEntry) -> String {
    guard let value = value(key, of: entry) else { return "–" }
    switch key {
    case "time", "training-seconds", "evaluation-seconds":
      let seconds = Int((Double(value) ?? 0).rounded())
      return String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
    case "created", "started", "ended":
      // To the minute, as 2026-11-23 15:11.
      return String(value.prefix(16)).replacing("T", with: " ")
    case "settings-hash", "dataset-hash", "model-hash": return String(value.prefix(12))
    case "dataset", "model", "adapter", "init-from":
      return value.split(separator: "/").last.map(String.init) ?? value
    default:
      guard own[key] == nil, let metric = entry.metrics[key] else {
        return value.replacing("\n", with: " ")
      }
      return String(format: key.hasSuffix("item_nll") ? "%.3f" : "%.4f", metric)
    }
  }

  /// Whether a column holds words.
  static func isText(_ key: String, _ entries: [RunEntry]) -> Bool {
    let values = entries.compactMap { value(key, of: $0) }
    return !values.isEmpty && values.contains { Double($0) == nil }
  }

  /// Whether a column holds numbers alone: a fact or a metric that is one, or a setting of which these
  /// runs have no other values.
  static func isNumber(_ key: String, _ entries: [RunEntry]) -> Bool {
    if own[key] != nil { return ownNumbers.contains(key) }
    if metrics.contains(key) { return true }
    let values = entries.compactMap { value(key, of: $0) }
    return !values.isEmpty && !isText(key, entries)
  }

  /// All that can be asked of some runs.
  static func known(_ entries: [RunEntry]) -> Set<String> {
    var known = Set(own.keys)
    known.formUnion(RunDescription.pluginKinds)
    known.formUnion(RunSections.general.map(\.name))
    for section in RunSections.all {
      known.formUnion(section.parameters.map { "\(section.name).\($0.name)" })
    }
    known.formUnion(metrics)
    for entry in entries {
      known.formUnion(entry.settings.keys)
      known.formUnion(entry.metrics.keys)
    }
    return known
  }

  /// Checks that there is such a key.
  ///
  /// - Throws: ``RunStoreError/unknownKey(_:known:)``.
  static func require(_ key: String, in known: Set<String>) throws(RunStoreError) {
    guard !known.contains(key) else { return }
    throw .unknownKey(key, known: known.sorted())
  }

  /// Whether one value is before another: numbers as numbers, other texts as texts.
  static func isBefore(_ first: String, _ second: String) -> Bool {
    guard let one = Double(first), let other = Double(second) else { return first < second }
    return one < other
  }
}
