import BearLabCore
import BearLabEvaluation
import BearLabLanguageModel
import BearLabNN
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Runs at the ends of what settings allow, and what `evaluate` does with a run.
@Suite struct EdgeRunTests {
  /// The last epoch must not be the best one, or mistakes would not show: some seed sees to it.
  @Test func measuringAgainGivesTheFineTunedRow() throws {
    for seed in 1...20 {
      let run = try tinyRun([
        "training.epochs=3", "training.samples=32", "training.learning-rate=0.1", "seed=\(seed)",
      ]) { experiment, folder, table in
        let again = try experiment.measure(run: folder) { _ in }
        let (row, expected) = (try #require(again.rows.first), try #require(table.rows.last))
        #expect(again.rows.count == 1 && again.rowsEvaluated == 16 && again.titleCount == 29)
        #expect(row.name == "bear, epoch \(try folder.bestEpoch())")
        #expect(row.figures.ndcg == expected.figures.ndcg && row.figures.hr == expected.figures.hr)
        #expect(row.figures.itemNLL == expected.figures.itemNLL)
      }
      let validation = try run.metrics.filter { $0.split == "validation" }.compactMap(\.ndcg)
      if validation.firstIndex(of: validation.max() ?? -1) != 2 { return }
    }
    Issue.record("the last epoch is the best one with every seed")
  }

  @Test func withoutARunTheBaseModelIsMeasured() throws {
    try tinyRun { experiment, _, table in
      let base = try #require(try experiment.measure(run: nil) { _ in }.rows.first)
      #expect(base.name == "zero-shot" && base.figures.itemNLL == table.rows[1].figures.itemNLL)
      #expect(base.figures.itemNLL != table.rows[2].figures.itemNLL)
    }
  }

  @Test func noEpochTrainsNothing() throws {
    let run = try tinyRun(["training.epochs=0"]) { experiment, folder, _ in
      #expect(throws: RunFolderError.noCheckpoint(path: folder.path)) {
        _ = try experiment.measure(run: folder) { _ in }
      }
    }
    #expect(run.table.rows.map(\.name) == ["popularity", "zero-shot"])
    #expect(
      run.files.keys.sorted() == [
        "metrics.jsonl", "report.md", "rows-popularity.jsonl", "rows-zero-shot.jsonl", "run.yaml",
        "timing.jsonl",
      ])
    #expect(try run.metrics.map(\.event) == ["evaluation", "evaluation"])
  }

  /// The optimistic rows are named, and of each column the best epoch's figure is taken.
  @Test func epochsCanBeChosenOnTest() throws {
    let settings = ["training.epochs=3", "training.samples=32", "training.learning-rate=0.1"]
    let run = try tinyRun(settings + ["evaluation.selection=test-max"])
    #expect(
      run.table.rows.map(\.name) == [
        "popularity", "zero-shot", "bear, test-best", "bear, test-max",
      ])
    let epochs = try run.metrics.filter { $0.name?.hasPrefix("epoch-") ?? false }
    #expect(epochs.map(\.split) == ["test", "test", "test"])
    let best = epochs.compactMap(\.ndcg).max()
    #expect(run.table.rows[2].figures.ndcg[2] == best && run.table.rows[3].figures.ndcg[2] == best)
    #expect(run.table.rows[3].figures.itemNLL == epochs.compactMap(\.itemNLL).min())
    let last = try tinyRun(settings + ["evaluation.selection=last"]) { experiment, folder, table in
      let again = try experiment.measure(run: folder) { _ in }
      #expect(again.rows[0].figures.itemNLL == table.rows[2].figures.itemNLL)
    }
    #expect(last.table.rows[2].name == "bear, last")
    #expect(try last.metrics.allSatisfy { !($0.name?.hasPrefix("epoch-") ?? false) })
    #expect(last.table.rows[2].figures.itemNLL == epochs.last?.itemNLL)
  }

  @Test func moreUsersThanThereAreMeansAll() throws {
    let run = try tinyRun(["evaluation.users=5000", "training.samples=8"])
    #expect(run.table.rowsEvaluated == TinyDataset.testCount)
    // An eighth of the training rows.
    #expect(try run.metrics.first { $0.split == "validation" }?.rows == 37)
    #expect(try run.predictions.count == TinyDataset.testCount)
  }

  @Test func aTrainingSmallerThanABatchIsOneStep() throws {
    let run = try tinyRun(["training.samples=3", "training.epochs=2"])
    #expect(try run.metrics.compactMap(\.samples) == [3, 3])
    let uneven = try tinyRun(["training.samples=11"])
    #expect(try uneven.metrics.compactMap(\.samples) == [8, 3])
  }

  @Test func allSamplesAreThoseLeftByValidation() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(["training.samples=100000"], cache: cache)
      #expect(try experiment.trainingWindows.count == TinyDataset.trainCount * 7 / 8 + 1)
      #expect(experiment.dataset.train.count == TinyDataset.trainCount)
      #expect(experiment.statistics.targetCounts.reduce(0, +) == TinyDataset.trainCount)
    }
  }

  @Test(arguments: [
    ("sft", "objective", ConstraintMode.after), ("msl", "objective", .before),
    ("bear", "objective", .before), ("sft", "before", .before), ("bear", "after", .after),
  ])
  func theConstraintIsTheObjectivesOrAsSet(
    objective: String, setting: String, expected: ConstraintMode
  ) throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(
        [
          "objective=\(objective)", "evaluation.constraint=\(setting)",
          "evaluation.constraint-mismatch=allow",
        ], cache: cache)
      #expect(experiment.constraint == expected)
    }
  }

  /// The soft-max over more tokens makes lists unlikelier; the item NLL is of the other soft-max.
  @Test func theConstraintReachesTheDecoder() throws {
    try withTinyCache { cache in
      func evaluate(_ mode: String) throws -> Evaluation {
        let experiment = try tinyExperiment(
          ["evaluation.constraint=\(mode)", "evaluation.constraint-mismatch=allow"], cache: cache)
        return try experiment.evaluator().evaluate(experiment.testWindows, weights: .none())
      }
      let (before, after) = try withCompute { (try evaluate("before"), try evaluate("after")) }
      #expect(before.itemNLL == after.itemNLL)
      for (first, second) in zip(before.rows, after.rows) {
        #expect(try #require(first.ranked.first).score > #require(second.ranked.first).score)
      }
    }
  }

  /// Every title is in the lists; item 3's is one that the clean-up of texts changes.
  @Test func theMatchReachesTheEvaluator() throws {
    try withTinyCache { cache in
      let file = URL(filePath: "\(cache)/datasets/tiny/id2name4Rec.json")
      let titles = try String(contentsOf: file, encoding: .utf8)
      try Data(titles.replacing("Over  There", with: "Over , There").utf8).write(to: file)
      func ranks(_ match: String) throws -> [(target: Int, rank: Int?)] {
        let experiment = try tinyExperiment(
          ["evaluation.match=\(match)", "decoder.width=29"], cache: cache)
        return try experiment.evaluator().evaluate(experiment.dataset.test, weights: .none()).rows
          .map { ($0.target, $0.rank) }
      }
      let (leaf, text) = try withCompute { (try ranks("leaf"), try ranks("text")) }
      #expect(leaf.contains { $0.target == 2 })
      #expect(leaf.allSatisfy { $0.rank != nil })
      #expect(text.map(\.rank) == leaf.map { $0.target == 2 ? nil : $0.rank })
    }
  }

  @Test func allTargetsAreTrained() throws {
    let run = try tinyRun(["lora.targets=all", "lora.rank=2", "training.samples=16"]) {
      experiment, folder, _ in
      let fresh = try experiment.makeTrainer().adapter
      let trained = try experiment.makeTrainer().adapter
      try TrainingCheckpoint(readingFrom: folder.checkpointPath(epoch: 1)).restore(trained, nil)
      #expect(trained.parameters.count == 2 * Projection.allCases.count * 2)
      for (after, before) in zip(trained.parameters, fresh.parameters) {
        #expect(after.tensor.scalars != before.tensor.scalars, "\(after.name)")
      }
    }
    #expect(run.table.rows.count == 3)
  }

  @Test func titlesThatLookAlikeKeepTheirBytes() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      #expect(experiment.trie.titleCount == 29)
      #expect(experiment.dataset.catalogue.items(withTitle: 0) == [1, 6])
      let encoder = experiment.loaded.encoder
      for (title, text) in experiment.dataset.catalogue.titles.enumerated() {
        let path = experiment.trie.path(to: experiment.trie.leaf(of: title))
        let tokens = path.map { experiment.trie.token(of: $0) }
        #expect(tokens.last == encoder.eosToken)
        #expect(encoder.decode(tokens.dropLast()) == "\"\(text)\"")
      }
      // The merges are in use.
      #expect(encoder.encode("The Stone").count < "The Stone".utf8.count)
    }
  }

  @Test func eventsSayWhatHappens() throws {
    let run = try tinyRun(["training.samples=16"])
    var stages: [String] = []
    var notices = 0
    for event in run.events {
      switch event {
      case .notice: notices += 1
      case .began(let stage, _, let total, let unit): stages.append("\(stage): \(total) \(unit)")
      case .progress(let done, _): stages.append("\(done)")
      case .measured(let name, _): stages.append("= \(name)")
      case .state(let state, _, _): stages.append(state.rawValue)
      }
    }
    #expect(notices >= 1)
    #expect(
      stages == [
        "= popularity", "zero-shot on test: 16 users", "16", "= zero-shot",
        "epoch 1 of 1: 16 samples", "8", "16", "epoch 1 on validation: 16 users", "16",
        "fine-tuned on test: 16 users", "16", "= bear",
      ])
  }
}
