import Foundation
import Testing

@testable import BearLabRun

@Suite struct RunFolderTests {
  @Test func newFoldersAreMadeAndEmptyOnesTaken() throws {
    try withTemporaryFolder(["empty/x": ""]) { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/empty/x")
      #expect(try RunFolder(creating: "\(folder)/empty").path == "\(folder)/empty")
      let deep = try RunFolder(creating: "\(folder)/a/b/c")
      #expect(FileManager.default.fileExists(atPath: deep.path))
      #expect(deep.checkpointPath(epoch: 12) == "\(folder)/a/b/c/checkpoint-epoch-12.h5")
    }
  }

  @Test func nothingIsOverwritten() throws {
    try withTemporaryFolder(["a": "", "b": "", "c": "", "d": "", "e": ""]) { folder in
      let error = try #require(throws: RunFolderError.self) {
        _ = try RunFolder(creating: folder)
      }
      #expect(error == .occupied(path: folder, entries: ["a", "b", "c", "d", "e"]))
      #expect(error.description.hasSuffix("it holds a, b, c, d, …"))
      #expect(!error.remedy.contains("resume"))
      let run = RunFolderError.occupied(path: "r", entries: ["metrics.jsonl", "run.yaml"])
      #expect(run.remedy.hasSuffix("the run that is there: bear-lab resume r"))
    }
  }

  /// Below a file, nobody can make a folder, whatever permissions they have.
  @Test func whereNothingCanBeWrittenIsNamed() throws {
    try withTemporaryFolder(["file": "text"]) { folder in
      let path = "\(folder)/file/run"
      let error = try #require(throws: RunFolderError.self) { _ = try RunFolder(creating: path) }
      guard case .notWritable(path, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(throws: RunFolderError.self) { _ = try RunFolder(creating: "\(folder)/file") }
      let gone = try RunFolder(creating: "\(folder)/run")
      try FileManager.default.removeItem(atPath: gone.path)
      #expect(throws: RunFolderError.self) { try gone.write("text", to: gone.reportPath) }
      #expect(throws: RunFolderError.self) { _ = try gone.openLines("metrics.jsonl") }
    }
  }

  @Test func aFolderWithoutADescriptionIsNoRun() throws {
    try withTemporaryFolder(["a/run.yaml": "seed: 1\n", "b/x": ""]) { folder in
      let text = try RunFolder(existing: "\(folder)/a").readDescription()
      #expect(text == "seed: 1\n")
      #expect(throws: RunFolderError.notARun(path: "\(folder)/b")) {
        _ = try RunFolder(existing: "\(folder)/b")
      }
      #expect(throws: RunFolderError.self) { _ = try RunFolder(existing: "\(folder)/c") }
    }
  }

  /// Epoch 2 is the earliest of the best; other lines and the torn one do not count.
  @Test func theBestEpochIsTheEarliestOfTheBest() throws {
    let metrics = """
      \(line("zero-shot", 0.9))
      {"event":"step","epoch":1,"loss":1}
      \(line("epoch-1", 0.1))
      \(line("epoch-2", 0.3))
      \(line("epoch-3", 0.3))
      \(line("epoch-4", 0.8).dropLast(20))
      """
    #expect(try bestEpoch(metrics) == 2)
    #expect(try bestEpoch(line("epoch-1", 0)) == 1)
  }

  /// Where no epoch is measured, the last one with a checkpoint is reported.
  @Test func withoutEvaluationsTheLastEpochCounts() throws {
    let files = [
      "run.yaml", "checkpoint-epoch-2.h5", "checkpoint-epoch-10.h5", "checkpoint-step-99.h5",
    ]
    try withTemporaryFolder(Dictionary(uniqueKeysWithValues: files.map { ($0, "") })) { folder in
      let run = try RunFolder(existing: folder)
      #expect(try run.bestEpoch() == 10)
      #expect(
        run.checkpoints(stepsPerEpoch: 11).compactMap { $0.split(separator: "/").last } == [
          "checkpoint-epoch-10.h5", "checkpoint-step-99.h5", "checkpoint-epoch-2.h5",
        ])
    }
  }

  private func line(_ name: String, _ ndcg: Double) -> String {
    let rates = ["", "seen_", "unseen_"].flatMap { part in
      [#""\#(part)rows":3"#]
        + [1, 5, 10].map { #""\#(part)ndcg@\#($0)":\#(ndcg),"\#(part)hr@\#($0)":0"# }
    }
    return #"{"event":"evaluation","name":"\#(name)","split":"validation","#
      + rates.joined(separator: ",") + "}"
  }

  private func bestEpoch(_ metrics: String) throws -> Int {
    let kept = (1...4).map { ("checkpoint-epoch-\($0).h5", "") }
    let files = ["run.yaml": "", "metrics.jsonl": metrics].merging(kept) { $1 }
    return try withTemporaryFolder(files) { folder in
      try RunFolder(existing: folder).bestEpoch()
    }
  }

  /// A reader that follows the file sees whole lines in a fixed order of keys.
  @Test func linesAreWrittenAtOnce() throws {
    try withTemporaryFolder(["run.yaml": ""]) { folder in
      let lines = try RunFolder(existing: folder).openLines("metrics.jsonl")
      try lines.append(["b": 1, "a": "x/y \"z\"", "c": JSONScalar.real(0.1)])
      let path = "\(folder)/metrics.jsonl"
      #expect(
        try String(contentsOfFile: path, encoding: .utf8)
          == #"{"a":"x/y \"z\"","b":1,"c":0.1}"# + "\n")
      try lines.append([String: JSONScalar]())
      #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("}\n{}\n"))
    }
  }
}
