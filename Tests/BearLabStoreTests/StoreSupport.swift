import Foundation

@testable import BearLabRun
@testable import BearLabStore

/// Calls `body` with a folder of runs, which is removed afterwards.
func withRuns<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "bear-lab-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  let runs = folder.appending(path: "runs").path
  try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
  return try body(runs)
}

/// Writes the files that a run leaves, as far as the store reads them, and returns its folder.
///
/// `objective` is its name and its λ; `ndcg` is NDCG@10 of the fine-tuned model, nil for a run that
/// has not ended.
@discardableResult
func makeRun(
  _ name: String, in root: String, objective: (String, Double) = ("bear", 0.25), seed: Int = 42,
  seeds: String = "", ndcg: Double? = nil
) throws -> String {
  let path = "\(root)/\(name)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  func write(_ text: String, _ file: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(path)/\(file)"))
  }
  try write(
    """
    dataset: /data/tiny
    model: tiny
    seed: \(seed)
    seeds: '\(seeds)'
    backbone:
      name: bigrec
    objective:
      name: \(objective.0)
      lambda: \(objective.1)
    decoder:
      name: constrained-beam
      width: 10
    record:
      threads: '2'
      model-sha256: aa
      train.csv-sha256: bb
      test.csv-sha256: cc

    """, "run.yaml")
  try write(
    """
    {"event":"step","step":1,"seconds":2,"samples":8}
    {"event":"step","step":2,"seconds":5,"samples":8}
    {"event":"step","step":2,"seconds":3,"samples":8}
    {"event":"evaluation","name":"fine-tuned on test","users":4,"seconds":60}

    """, "timing.jsonl")
  guard let ndcg else { return path }
  let lines = [
    figures("popularity", "test", 0.1, nil), figures("zero-shot", "test", 0.001, 9),
    figures("epoch-1", "validation", 0.2, 6), figures("epoch-2", "validation", 0.15, 5),
    figures("fine-tuned", "test", ndcg, 7.5),
  ]
  try write(lines.joined(separator: "\n") + "\n", "metrics.jsonl")
  try write("| model |\n", "report.md")
  return path
}

/// A line of `metrics.jsonl`.
private func figures(_ name: String, _ split: String, _ ndcg: Double, _ loss: Double?) -> String {
  let columns = ["", "seen_", "unseen_"].flatMap { prefix in
    [1, 5, 10].flatMap { cutoff in
      [
        "\"\(prefix)ndcg@\(cutoff)\":\(ndcg * Double(cutoff) / 10)",
        "\"\(prefix)hr@\(cutoff)\":\(ndcg * 2)",
      ]
    } + ["\"\(prefix)rows\":4"]
  }
  return #"{"event":"evaluation","name":"\#(name)","split":"\#(split)","#
    + columns.joined(separator: ",") + (loss.map { ",\"item_nll\":\($0)" } ?? "") + "}"
}

/// The tests' own way of removing a database with what SQLite keeps beside it.
func removeDatabase(_ root: String) throws {
  for name in try FileManager.default.contentsOfDirectory(atPath: root)
  where name.hasPrefix(RunStore.fileName) {
    try FileManager.default.removeItem(atPath: "\(root)/\(name)")
  }
}
