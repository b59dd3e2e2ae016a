import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Whole runs on a tiny model.
@Suite struct RunnerTests {
  @Test func theFolderHoldsWhatARunLeaves() throws {
    let run = try tinyRun(["training.epochs=2"])
    #expect(
      run.files.keys.sorted() == [
        "checkpoint-epoch-1.h5", "checkpoint-epoch-2.h5", "metrics.jsonl",
        "predict_tiny_16_customCBS.json", "predictions.json", "report.md",
        "rows-fine-tuned.jsonl", "rows-popularity.jsonl", "rows-zero-shot.jsonl", "run.yaml",
        "timing.jsonl",
      ])
    #expect(run.files["predict_tiny_16_customCBS.json"] == run.files["predictions.json"])
    #expect(run.files["report.md"] == Data(run.table.text.utf8))
    #expect(run.table.rows.map(\.name) == ["popularity", "zero-shot", "bear"])
    #expect(run.table.rowsEvaluated == 16 && run.table.titleCount == 29)
    #expect(run.table.rows[0].figures.itemNLL == nil)

    let yaml = String(decoding: try #require(run.files["run.yaml"]), as: UTF8.self)
    let description = try RunDescription(
      RunDescription.assignments(yaml: yaml, path: "run.yaml"), registry: .builtin())
    #expect(description.dataset == "tiny" && description.training.values["samples"] == .integer(48))
    for name in [
      "bear-lab", "instruction-set", "threads", "protocol", "model-sha256",
      "id2name4Rec.json-sha256", "train.csv-sha256", "test.csv-sha256", "dataset.yaml-sha256",
    ] {
      #expect(yaml.contains("\n  \(name): "), "\(name)")
    }

    let predictions = try run.predictions
    #expect(predictions.count == 16)
    for row in predictions {
      #expect(row.predict.count == 10 && row.predict_scores.count == 10)
      #expect(Set(row.predict).count == 10)
      #expect(row.predict_scores == row.predict_scores.sorted(by: >))
      let titles = row.predict.map { String($0.dropFirst().dropLast()) }
      #expect(titles.allSatisfy(TinyDataset.titles.contains))
    }
  }

  @Test func metricsAreInOrderAndHoldNoTimes() throws {
    let run = try tinyRun(["training.epochs=2"])
    let metrics = try run.metrics
    let steps = metrics.filter { $0.event == "step" }
    #expect(steps.map(\.step) == Array(0..<12))
    #expect(steps.map(\.epoch) == [Int](repeating: 1, count: 6) + [Int](repeating: 2, count: 6))
    #expect(steps.allSatisfy { $0.samples == 8 })
    let evaluations = metrics.filter { $0.event == "evaluation" }
    #expect(
      evaluations.map(\.name) == ["popularity", "zero-shot", "epoch-1", "epoch-2", "fine-tuned"])
    #expect(evaluations.map(\.split) == ["test", "test", "validation", "validation", "test"])
    #expect(evaluations.map(\.rows) == [16, 16, 16, 16, 16])

    var keys: Set<String> = []
    for line in try #require(run.files["metrics.jsonl"]).split(separator: 0x0A) {
      let object = try #require(JSONSerialization.jsonObject(with: line) as? [String: Any])
      keys.formUnion(object.keys)
    }
    let others: Set = [
      "event", "step", "epoch", "loss", "gradient_norm", "learning_rate", "samples", "tokens",
      "name", "split", "item_nll", "valid_share",
    ]
    let figures = ["", "seen_", "unseen_"].flatMap { part in
      ["rows", "ndcg@1", "ndcg@5", "ndcg@10", "hr@1", "hr@5", "hr@10"].map { part + $0 }
    }
    #expect(keys == others.union(figures))
    struct Timing: Decodable { let event: String, seconds: Double }
    let timing: [Timing] = try run.lines("timing.jsonl")
    #expect(timing.count { $0.event == "step" } == 12 && timing.allSatisfy { $0.seconds >= 0 })
  }

  @Test(arguments: ["sft", "msl", "bear"])
  func theLossFallsAndTheTargetsGetLikelier(objective: String) throws {
    let run = try tinyRun([
      "objective=\(objective)", "training.samples=128", "training.epochs=2",
    ])
    let losses = try run.losses
    let quarter = losses.count / 4
    let (first, last) = (losses.prefix(quarter).reduce(0, +), losses.suffix(quarter).reduce(0, +))
    #expect(last < 0.9 * first, "\(losses)")
    let (before, after) = (run.table.rows[1].figures.itemNLL, run.table.rows[2].figures.itemNLL)
    #expect(try #require(after) < #require(before))
    #expect(run.table.rows[2].name == objective)
  }

  @Test func theSameDescriptionGivesTheSameBytes() throws {
    let settings = ["training.epochs=2", "training.samples=32"]
    let (first, second) = (try tinyRun(settings), try tinyRun(settings))
    for name in first.files.keys where name != "timing.jsonl" {
      #expect(first.files[name] == second.files[name], "\(name)")
    }
    let other = try tinyRun(settings + ["seed=43"])
    #expect(other.files["metrics.jsonl"] != first.files["metrics.jsonl"])
    #expect(other.files["checkpoint-epoch-1.h5"] != first.files["checkpoint-epoch-1.h5"])
  }

  @Test func threadsChangeRoundingOnly() throws {
    let (one, two) = (try tinyRun(threads: 1), try tinyRun(threads: 2))
    #expect(largestGap(try one.losses.map(Float.init), try two.losses) < 1e-5)
    #expect(try one.predictions.map(\.predict) == two.predictions.map(\.predict))
  }
}
