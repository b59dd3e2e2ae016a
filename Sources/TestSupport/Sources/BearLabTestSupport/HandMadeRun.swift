internal import Foundation

/// The folder of a run as its files are documented, written by hand.
public struct HandMadeRun {
  /// Of a step: its number, its epoch, and what it came to.
  public var steps: [(step: Int, epoch: Int, loss: Double, seconds: Double)] = []
  /// Of an evaluation: its name, split and NDCG@10; all other figures follow from it.
  public var evaluations: [(name: String, split: String, ndcg: Double)] = []
  /// Of a diagnosed row: the rank, the step and the margin of its loss.
  public var diagnosis: [(rank: Int, step: Int?, margin: Double?)]?
  /// Settings by section.
  public var settings: [String: [String: String]] = [:]
  /// Rows of every evaluation.
  public var rows = 50

  /// A run that has done nothing.
  public init() {}

  /// Two epochs of steps whose loss falls from 4, both measured, and then the test.
  public static func trained(steps: Int = 40, ndcg: Double = 0.2) -> HandMadeRun {
    var run = HandMadeRun()
    run.steps = (0..<steps).map {
      ($0, $0 * 2 / steps + 1, 4 / (1 + Double($0) / 10), 0.25 + Double($0 * 2 / steps))
    }
    run.evaluations = [
      ("epoch-1", "validation", ndcg / 2), ("epoch-2", "validation", ndcg),
      ("zero-shot", "test", ndcg / 10), ("fine-tuned", "test", ndcg),
    ]
    return run
  }

  /// Writes the files into a new folder.
  public func write(to path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    func write(_ name: String, _ lines: [String]) throws {
      try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }
    try write("run.yaml", yaml)
    try write("metrics.jsonl", steps.map(Self.line) + evaluations.map(line))
    try write(
      "timing.jsonl",
      steps.map {
        #"{"event":"step","samples":8,"seconds":\#($0.seconds),"step":\#($0.step)}"#
      })
    if let diagnosis { try write("diagnosis.jsonl", diagnosis.map(Self.line)) }
  }

  private var yaml: [String] {
    let general = (settings[""] ?? [:]).merging(["seed": "42"]) { first, _ in first }
    let top = general.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    let sections = settings.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }
    return top
      + sections.flatMap { name, values in
        ["\(name):"] + values.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
      } + ["record:", "  bear-lab: 0.1.0"]
  }

  private static func line(
    _ step: (step: Int, epoch: Int, loss: Double, seconds: Double)
  ) -> String {
    #"{"epoch":\#(step.epoch),"event":"step","gradient_norm":1.5,"learning_rate":0.001,"#
      + #""loss":\#(step.loss),"samples":8,"step":\#(step.step),"tokens":900}"#
  }

  private func line(_ evaluation: (name: String, split: String, ndcg: Double)) -> String {
    let figures = ["", "seen_", "unseen_"].flatMap { prefix in
      [("1", 0.5), ("5", 0.8), ("10", 1)].flatMap { cutoff, share in
        [
          #""\#(prefix)ndcg@\#(cutoff)":\#(evaluation.ndcg * share)"#,
          #""\#(prefix)hr@\#(cutoff)":\#(min(1, evaluation.ndcg * share * 1.5))"#,
        ]
      } + [#""\#(prefix)rows":\#(prefix == "unseen_" ? 0 : rows)"#]
    }
    return #"{"event":"evaluation","item_nll":7.25,"name":"\#(evaluation.name)","#
      + #""split":"\#(evaluation.split)","valid_share":1,"# + figures.joined(separator: ",") + "}"
  }

  private static func line(_ row: (rank: Int, step: Int?, margin: Double?)) -> String {
    func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "null" }
    return #"{"displaced":false,"log_probability":-6.5,"margin":\#(text(row.margin)),"#
      + #""pruned":\#(row.step != nil),"rank":\#(row.rank),"rank_exact":true,"#
      + #""step":\#(text(row.step)),"target":5,"timestamp":9,"title":4,"user":1,"violating":false}"#
  }
}

/// Runs `body` with an empty folder, which is removed afterwards.
///
/// - Returns: what `body` returns.
/// - Throws: what `body` throws, or why the folder cannot be made.
public func withEmptyFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "bear-lab-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: folder) }
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return try body(folder.path(percentEncoded: false))
}
