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
      #expect(deep.checkpointPath(epoch: 12) == "\(folder)/a/b/c/checkpoint-12.h5")
    }
  }

  @Test func nothingIsOverwritten() throws {
    try withTemporaryFolder(["a": "", "b": "", "c": "", "d": "", "e": ""]) { folder in
      let error = try #require(throws: RunFolderError.self) {
        _ = try RunFolder(creating: folder)
      }
      #expect(error == .occupied(path: folder, entries: ["a", "b", "c", "d", "e"]))
      #expect(error.description.hasSuffix("it holds a, b, c, d, …"))
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

  /// Epoch 2 is the earliest of the best; lines of test, of steps, and the torn one do not count.
  @Test func theBestEpochIsTheEarliestOfTheBest() throws {
    let metrics = """
      {"event":"evaluation","name":"zero-shot","ndcg@10":0.9,"split":"test"}
      {"event":"step","epoch":1,"loss":1}
      {"event":"evaluation","name":"epoch-1","ndcg@10":0.1,"split":"validation"}
      {"event":"evaluation","name":"epoch-2","ndcg@10":0.3,"split":"validation"}
      {"event":"evaluation","name":"epoch-3","ndcg@10":0.3,"split":"validation"}
      {"event":"evaluation","name":"epoch-4","ndcg@10":0.8,"spl
      """
    #expect(try bestEpoch(metrics) == 2)
    let zero = #"{"event":"evaluation","name":"epoch-1","ndcg@10":0,"split":"validation"}"#
    #expect(try bestEpoch(zero) == 1)
    #expect(throws: RunFolderError.self) { _ = try bestEpoch("") }
  }

  private func bestEpoch(_ metrics: String) throws -> Int {
    try withTemporaryFolder(["run.yaml": "", "metrics.jsonl": metrics]) { folder in
      try RunFolder(existing: folder).bestEpoch()
    }
  }

  /// A reader that follows the file sees whole lines in a fixed order of keys.
  @Test func linesAreWrittenAtOnce() throws {
    try withTemporaryFolder(["run.yaml": ""]) { folder in
      let lines = try RunFolder(existing: folder).openLines("metrics.jsonl")
      try lines.append(["b": 1, "a": "x/y \"z\"", "c": .real(0.1)])
      let path = "\(folder)/metrics.jsonl"
      #expect(
        try String(contentsOfFile: path, encoding: .utf8)
          == #"{"a":"x/y \"z\"","b":1,"c":0.1}"# + "\n")
      try lines.append([:])
      #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("}\n{}\n"))
    }
  }
}
