import BearLabCheckpoint
import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Runs of all backbones: the chain from recommender to table, with every objective and decoder.
@Suite struct BackboneRunTests {
  /// A tiny recommender, sentence encoder and alignment.
  private static let small = [
    "recommender.epochs=2", "recommender.width=8", "recommender.blocks=1",
    "training.samples=16", "evaluation.users=4", "lora.targets=q_proj",
  ]

  private static func settings(_ backbone: String) -> [String] {
    switch backbone {
    case "bigrec": small.filter { !$0.hasPrefix("recommender") } + ["backbone=bigrec"]
    case "a-llmrec":
      ["backbone=a-llmrec", "recommender=sasrec"] + small + [
        "backbone.encoder=tiny", "backbone.code-width=4", "backbone.alignment-epochs=2",
      ]
    default: ["backbone=\(backbone)", "recommender=sasrec"] + small
    }
  }

  /// The tiny cache, with a sentence encoder.
  private func withCache<Result>(_ body: (String) throws -> Result) throws -> Result {
    try withCompute {
      try withTinyCache { cache in
        try TinyBERT.write(to: "\(cache)/encoders/tiny")
        return try body(cache)
      }
    }
  }

  private func run(
    _ settings: [String], _ name: String = "run", in cache: String,
    observer: @escaping (RunEvent) -> Void = { _ in }
  ) throws -> (table: ReportTable, folder: RunFolder) {
    let folder = try RunFolder(creating: "\(cache)/\(name)")
    let table = try Runner(
      tinyExperiment(settings, cache: cache), in: folder, observer: observer
    ).run()
    return (table, folder)
  }

  /// Objectives and decoders know nothing of backbones, nor of each other: what an objective trained
  /// on a backbone is searched by every decoder.
  @Test(arguments: try PluginRegistry.builtin().backbones.names)
  func everyObjectiveAndDecoderWorks(backbone: String) throws {
    let registry = try PluginRegistry.builtin()
    try withCache { cache in
      for objective in registry.objectives.names + ["cft+bear"] {
        let settings =
          Self.settings(backbone) + [
            "objective=\(objective)", "evaluation.constraint-mismatch=allow",
          ]
        let (table, folder) = try run(settings, objective, in: cache)
        #expect(table.rows.map(\.name).suffix(2) == ["zero-shot", objective])
        for decoder in registry.decoders.names {
          let figures = try tinyExperiment(settings + ["decoder=\(decoder)"], cache: cache)
            .measure(run: folder) { _ in }.rows[0].figures
          #expect(figures.rows == 4 && (figures.itemNLL ?? .nan) > 0, "\(objective), \(decoder)")
        }
      }
    }
  }

  /// Before training, projectors mean nothing: prompts do without them, whatever their seed.
  @Test(arguments: ["llara", "a-llmrec"])
  func zeroShotDoesNotDependOnFreshProjectors(backbone: String) throws {
    try withCache { cache in
      let rows = try [1, 2].map { seed in
        try run(
          Self.settings(backbone) + ["seed=\(seed)", "training.epochs=0"], "seed-\(seed)",
          in: cache
        ).table.rows[2].figures.itemNLL
      }
      #expect(rows[0] == rows[1] && rows[0] != nil)
    }
  }

  /// Fine-tuning moves what fills the slots, and the item embeddings stay.
  @Test(arguments: [
    ("llara", ["projector/0/weight", "projector/1/bias"]),
    ("a-llmrec", ["user/0/weight", "user/1/bias", "item/2/weight"]),
  ])
  func checkpointsHoldWhatIsTrainedAndWhatItBuildsOn(backbone: String, names: [String]) throws {
    try withCache { cache in
      let (_, folder) = try run(Self.settings(backbone), in: cache)
      let file = try CheckpointFile(readingFrom: folder.checkpointPath(epoch: 1))
      let fresh = try #require(
        try tinyExperiment(Self.settings(backbone), cache: cache).makeInjector { _ in })
      let before = Dictionary(uniqueKeysWithValues: fresh.trainable.map { ($0.name, $0.tensor) })
      for name in names {
        let stored = try #require(file.tensors["/backbone/\(name)"], "\(name)")
        #expect(stored.values != before[name]?.scalars, "\(name)")
        #expect(file.tensors["/optimizer/backbone/\(name)/second"]?.shape == stored.shape)
      }
      for (name, tensor) in fresh.frozen {
        #expect(file.tensors["/frozen/\(name)"]?.values == tensor.scalars, "\(name)")
      }
      #expect(fresh.frozen.contains { $0.name == "item-embeddings" })
    }
  }

  @Test func aFrozenLanguageModelHasNoLoRA() throws {
    try withCache { cache in
      let (table, folder) = try run(
        Self.settings("a-llmrec") + ["backbone.freeze-lm=true", "training.learning-rate=0.01"],
        in: cache)
      let file = try CheckpointFile(readingFrom: folder.checkpointPath(epoch: 1))
      #expect(!file.tensors.keys.contains { $0.hasPrefix("/lora/") })
      #expect(table.rows[2].figures.itemNLL != table.rows[3].figures.itemNLL)
    }
  }

  /// The share of text-only steps of a run is in `metrics.jsonl`.
  @Test func theCurriculumIsThatOfTheBackbone() throws {
    struct Line: Decodable {
      let event: String
      let prompts: String?
    }
    try withCache { cache in
      let (_, folder) = try run(
        Self.settings("llara") + ["training.batch-size=2", "training.epochs=8"], in: cache)
      let text = try String(contentsOfFile: "\(folder.path)/metrics.jsonl", encoding: .utf8)
      let steps = try text.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }.filter { $0.event == "step" }
      #expect(steps.count == 64)
      let isTextOnly = steps.map { $0.prompts == "text-only" }
      let halves = (isTextOnly.prefix(32).count { $0 }, isTextOnly.suffix(32).count { $0 })
      #expect(halves.0 > 16 && halves.1 < 16, "\(halves)")
    }
  }

  /// Stops after each event, in stage 1 too, with nothing in the cache.
  @Test(arguments: ["llara", "a-llmrec"])
  func stoppedAnywhereItEndsWithTheSameBits(backbone: String) throws {
    let settings = Self.settings(backbone) + ["training.checkpoint-steps=1"]
    try withCache { cache in
      var events = 0
      let whole = try run(settings, "whole", in: cache) { _ in events += 1 }.folder
      let expected = try results(whole)
      #expect(events > 12)
      for stop in stride(from: 1, through: events, by: 2) {
        try forgetTraining(cache)
        let folder = try RunFolder(creating: "\(cache)/stopped-\(stop)")
        let interruption = Interruption()
        var seen = 0
        do {
          _ = try Runner(
            tinyExperiment(settings, cache: cache), in: folder, interruption: interruption
          ) { _ in
            seen += 1
            if seen == stop { interruption.request() }
          }.run()
        } catch is RunInterrupted {}
        _ = try Runner(tinyExperiment(settings, cache: cache), in: folder) { _ in }.run()
        #expect(try results(folder) == expected, "stopped after event \(stop)")
      }
    }
  }

  /// `run.yaml` alone repeats the chain, with nothing in the cache.
  @Test(arguments: ["llara", "a-llmrec"])
  func theDescriptionRepeatsTheChain(backbone: String) throws {
    try withCache { cache in
      let first = try run(Self.settings(backbone), "first", in: cache).folder
      try forgetTraining(cache)
      let registry = try PluginRegistry.builtin()
      let description = try RunDescription(
        RunDescription.assignments(yamlFile: first.descriptionPath), registry: registry)
      let second = try RunFolder(creating: "\(cache)/second")
      let experiment = try Experiment(
        description, registry: registry, resources: ResourceLocator(cache: cache))
      _ = try Runner(experiment, in: second) { _ in }.run()
      #expect(try results(second) == results(first))
      let record = try first.readRecord()
      #expect(record["recommender"]?.hasPrefix("sasrec-") == true)
      #expect((record["encoder-sha256"] != nil) == (backbone == "a-llmrec"))
    }
  }

  /// A damaged file of stage 1 is learned again, with a notice; the next run finds it.
  @Test func stageOneIsKeptInTheCache() throws {
    try withCache { cache in
      func stages(_ name: String) throws -> [String] {
        var stages: [String] = []
        _ = try run(Self.settings("a-llmrec"), name, in: cache) { event in
          if case .began(let stage, _, _, _) = event { stages.append(stage) }
          if case .notice(let text) = event, text.contains("learned again") {
            stages.append("notice")
          }
        }
        return stages
      }
      let first = try stages("first")
      #expect(first.contains("stage 1 of a-llmrec") && first.contains("training sasrec"))
      let second = try stages("second")
      #expect(!second.contains("stage 1 of a-llmrec") && !second.contains("training sasrec"))
      let folder = "\(cache)/backbones"
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files.count == 1)
      try Data("nonsense".utf8).write(to: URL(filePath: "\(folder)/\(files[0])"))
      let third = try stages("third")
      #expect(third.contains("notice") && third.contains("stage 1 of a-llmrec"))
    }
  }

  /// Measuring and recommending again use what the run has trained.
  @Test(arguments: ["llara", "a-llmrec"])
  func aRunIsMeasuredAgainAndRecommends(backbone: String) throws {
    try withCache { cache in
      let (table, folder) = try run(Self.settings(backbone), in: cache)
      let experiment = try tinyExperiment(Self.settings(backbone), cache: cache)
      let again = try experiment.measure(run: folder) { _ in }
      #expect(again.rows[0].figures.itemNLL == table.rows[3].figures.itemNLL)
      #expect(again.rows[0].figures.itemNLL != table.rows[2].figures.itemNLL)
      let list = try experiment.recommend(
        history: ["Amber", "Sea"], run: folder, count: 5
      ) { _ in }
      #expect(list.count == 5 && Set(list.map(\.title)).count == 5)
    }
  }

  @Test func whatIsMissingOrForeignIsNamed() throws {
    try withCache { cache in
      func refused(_ settings: [String], _ word: String) throws {
        do {
          _ = try run(settings, UUID().uuidString, in: cache)
          Issue.record("\(settings) was accepted")
        } catch let error as any BearLabError {
          #expect((error.description + error.remedy).contains(word), "\(error.description)")
        }
      }
      let llara = Self.settings("llara")
      try refused(llara + ["backbone.recommender=\(cache)/none.h5"], "none.h5")
      try refused(llara + ["backbone.recommender=\(cache)/run.yaml"], "run.yaml")
      // What has no embeddings.
      try refused(
        llara.filter { !$0.hasPrefix("recommender") } + ["recommender=markov"], "item embeddings")
      try refused(Self.settings("a-llmrec") + ["backbone.encoder=none"], "minilm-l6")
      _ = try run(llara, in: cache)
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/recommenders")
      let file = try #require(files.first { $0.hasPrefix("sasrec") })
      let path = "\(cache)/recommenders/\(file)"
      _ = try run(llara + ["backbone.recommender=\(path)"], "given", in: cache)
      try refused(
        llara + ["backbone.recommender=\(path)", "recommender.width=16"], "recommender.width=8")
      try refused(
        llara.filter { !$0.hasPrefix("recommender.") }
          + ["recommender=gru4rec", "backbone.recommender=\(path)"], "sasrec")
      // One title less.
      try removeLastItem(cache)
      try refused(llara + ["backbone.recommender=\(path)"], "30 items")
    }
  }

  /// Makes the data set one item shorter; rows with that item go.
  private func removeLastItem(_ cache: String) throws {
    let folder = "\(cache)/datasets/tiny"
    let titles = TinyDataset.titles.dropLast().enumerated()
      .map { #""\#($0 + 1)": "\#($1)""# }.joined(separator: ", ")
    try Data("{\(titles)}\n".utf8).write(to: URL(filePath: "\(folder)/id2name4Rec.json"))
    for name in ["train.csv", "test.csv"] {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      let lines = text.split(separator: "\n").filter { line in
        !line.split(whereSeparator: { "[], \"".contains($0) }).contains("30")
      }
      try Data((lines.joined(separator: "\n") + "\n").utf8)
        .write(to: URL(filePath: "\(folder)/\(name)"))
    }
  }

  /// Removes what was trained on the way.
  private func forgetTraining(_ cache: String) throws {
    for name in ["recommenders", "backbones"] {
      try? FileManager.default.removeItem(atPath: "\(cache)/\(name)")
    }
  }

  /// Everything that a run leaves and that must not depend on how it went.
  private func results(_ folder: RunFolder) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let pairs = try names.filter { $0 != "timing.jsonl" }.map {
      ($0, try Data(contentsOf: URL(filePath: "\(folder.path)/\($0)")))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
