import BearLabRun
import BearLabTestSupport
import Foundation
import SwiftProtobuf
import Testing

@testable import BearLabExport

/// Event files, read back record by record.
@Suite struct TensorBoardTests {
  private func runs(_ body: (_ folder: String, _ runs: [RunLog]) throws -> Void) throws {
    try withEmptyFolder { folder in
      var first = HandMadeRun.trained(steps: 12)
      first.settings = ["objective": ["name": "bear", "lambda": "0.25"], "lora": ["rank": "8"]]
      var second = HandMadeRun.trained(steps: 6, ndcg: 0.3)
      second.settings = ["objective": ["name": "sft"], "lora": ["rank": "all"]]
      try first.write(to: "\(folder)/a")
      try second.write(to: "\(folder)/b")
      try body(folder, try RunLog.read(["\(folder)/a", "\(folder)/b"]))
    }
  }

  /// The records of a file, every checksum compared.
  private func events(_ path: String) throws -> [TBEvent] {
    var data = try Data(contentsOf: URL(filePath: path))
    var events: [TBEvent] = []
    func take(_ count: Int) throws -> Data {
      try #require(data.count >= count)
      defer { data = Data(data.dropFirst(count)) }
      return Data(data.prefix(count))
    }
    func number(_ bytes: Data) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
    while !data.isEmpty {
      let length = try take(8)
      #expect(try number(take(4)) == Int(EventRecords.maskedChecksum(length)))
      let record = try take(number(length))
      #expect(try number(take(4)) == Int(EventRecords.maskedChecksum(record)))
      events.append(try TBEvent(serializedBytes: record))
    }
    return events
  }

  /// The check value of the Castagnoli polynomial, and one from RFC 3720, B.4.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(EventRecords.checksum(Data("123456789".utf8)) == 0xE306_9283)
    #expect(EventRecords.checksum(Data(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(EventRecords.checksum(Data()) == 0)
    // Rotated by 15 bits and moved by TensorFlow's constant.
    #expect(EventRecords.maskedChecksum(Data("123456789".utf8)) == 0xC78A_B0E5)
  }

  @Test func everyLoggedValueIsThere() throws {
    try runs { folder, runs in
      let count = try TensorBoardExport(runs).write(to: "\(folder)/tb")
      var found: [String: [Int64: Float]] = [:]
      let events = try events("\(folder)/tb/a/\(TensorBoardExport.fileName)")
      #expect(events[0].fileVersion == "brain.Event:2")
      for event in events {
        for value in event.summary.value where value.metadata == TBSummaryMetadata() {
          #expect(found[value.tag]?[event.step] == nil, "\(value.tag) twice")
          found[value.tag, default: [:]][event.step] = value.simpleValue
        }
      }
      // What the file of the run says, read in another way.
      let text = try String(contentsOfFile: "\(folder)/a/metrics.jsonl", encoding: .utf8)
      var expected: [String: [Int64: Float]] = [:]
      for line in text.split(separator: "\n") {
        let object = try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let numbers = object.compactMapValues { ($0 as? NSNumber)?.doubleValue }
        if object["event"] as? String == "step" {
          let step = Int64(try #require(numbers["step"])) + 1
          for name in ["loss", "gradient_norm", "learning_rate"] {
            expected["train/\(name)", default: [:]][step] = Float(try #require(numbers[name]))
          }
          continue
        }
        let name = try #require(object["name"] as? String)
        let split = try #require(object["split"] as? String)
        let group = name.hasPrefix("epoch") ? split : "\(split)-\(name)"
        let step: Int64 = ["epoch-1": 6, "epoch-2": 12, "fine-tuned": 12][name] ?? 0
        for (key, number) in numbers
        where !key.hasSuffix("rows") && !key.hasPrefix("unseen_") {
          expected["\(group)/\(key)", default: [:]][step] = Float(number)
        }
      }
      #expect(found == expected)
      #expect(count >= found.values.reduce(0) { $0 + $1.count })
      // Time goes on as the run's did: 6 steps of 0.25 s and 6 of 1.25 s.
      let last = try #require(events.last)
      #expect(abs(last.wallTime - events[0].wallTime - 9) < 1e-3)
    }
  }

  @Test func settingsAndMetricsAreForTheTabOfHyperParameters() throws {
    try runs { folder, runs in
      _ = try TensorBoardExport(runs).write(to: "\(folder)/tb")
      var data: [String: TBHParamsPluginData] = [:]
      for event in try events("\(folder)/tb/b/\(TensorBoardExport.fileName)") {
        for value in event.summary.value where value.metadata.pluginData.pluginName == "hparams" {
          data[value.tag] = try TBHParamsPluginData(
            serializedBytes: value.metadata.pluginData.content)
        }
      }
      let start = try #require(data["_hparams_/session_start_info"]).sessionStartInfo
      #expect(start.hparams["objective"]?.stringValue == "sft")
      #expect(start.hparams["lora.rank"]?.stringValue == "all")
      #expect(start.hparams["seed"]?.numberValue == 42 && start.groupName == "b")
      let experiment = try #require(data["_hparams_/experiment"]).experiment
      let types = Dictionary(
        uniqueKeysWithValues: experiment.hparamInfos.map { ($0.name, $0.type) })
      // Of both runs: a number here and a word there is a word.
      #expect(
        types == [
          "seed": .float64, "objective": .string, "objective.lambda": .float64,
          "lora.rank": .string,
        ])
      #expect(
        experiment.metricInfos.map(\.name.tag) == [
          "test-fine-tuned/ndcg@10", "test-fine-tuned/hr@10", "test-fine-tuned/item_nll",
        ])
      // No report.md: it has not ended.
      #expect(try #require(data["_hparams_/session_end_info"]).sessionEndInfo.status == .running)
    }
  }

  @Test func writingAgainReplaces() throws {
    try runs { folder, runs in
      let export = TensorBoardExport(runs)
      let first = try export.write(to: "\(folder)/tb")
      let file = "\(folder)/tb/a/\(TensorBoardExport.fileName)"
      let bytes = try Data(contentsOf: URL(filePath: file))
      #expect(try export.write(to: "\(folder)/tb") == first)
      #expect(try Data(contentsOf: URL(filePath: file)) == bytes)
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/tb/a").count == 1)
      #expect(throws: ExportError.self) { try export.write(to: file) }
    }
  }

  private static let hasTensorBoard = Shell.succeeds(["python3", "-c", "import tensorboard"])

  /// TensorBoard's own readers find every value, and its HPARAMS tab the settings.
  @Test(.enabled(if: hasTensorBoard, "python3 has no tensorboard: pip install tensorboard"))
  func tensorBoardReadsEveryValue() throws {
    try runs { folder, runs in
      _ = try TensorBoardExport(runs).write(to: "\(folder)/tb")
      let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../scripts/peers/check_tensorboard.py").standardizedFileURL.path
      #expect(
        Shell.succeeds(["python3", script, "\(folder)/tb", "\(folder)/a", "\(folder)/b"]))
    }
  }
}
