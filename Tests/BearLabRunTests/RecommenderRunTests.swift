import BearLabCheckpoint
import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Runs without a language model, and those whose backbone builds on a recommender.
@Suite struct RecommenderRunTests {
  @Test func theFolderHoldsWhatARunLeaves() throws {
    try withRun { folder, cache in
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
          "metrics.jsonl", "predictions.json", "report.md", "rows-fake.jsonl", "rows-markov.jsonl",
          "rows-popularity.jsonl", "run.yaml", "timing.jsonl",
        ])
      let report = try #require(folder.report)
      let rows = report.split(separator: "\n").prefix(5).dropFirst(2)
      #expect(
        rows.map { $0.split(separator: " ").dropFirst().first } == ["popularity", "markov", "fake"])
      #expect(report.contains("\n16 test rows, ranked among 29 titles; protocol: consistent\n"))
      #expect(!report.contains("item NLL"))
      let metrics: [MetricLine] = try lines(folder, "metrics.jsonl")
      #expect(
        metrics.map(\.event) == ["evaluation", "evaluation"]
          + [String](repeating: "recommender-epoch", count: 3) + ["evaluation"])
      let losses: [Double] = [1.0 / 3, 0.5 / 3, 1.0 / 9]
      #expect(metrics.compactMap(\.loss) == losses)
      #expect(metrics.map(\.epoch) == [nil, nil, 1, 2, 3, nil])
      struct Timing: Decodable { let seconds: Double }
      let timing: [Timing] = try lines(folder, "timing.jsonl")
      #expect(timing.count == 3 && timing.allSatisfy { $0.seconds >= 0 })
      let data = try Data(contentsOf: URL(filePath: folder.predictionsPath))
      let predictions = try JSONDecoder().decode([PredictionRow].self, from: data)
      #expect(predictions.count == 16 && predictions.allSatisfy { $0.predict.count == 10 })

      let record = try folder.readRecord()
      let file = try #require(record["recommender"])
      #expect(file.hasPrefix("fake-") && file.hasSuffix(".h5") && file.count == 72)
      let path = "\(cache)/recommenders/\(file)"
      #expect(try record["recommender-sha256"] == TrainedRecommender.File(hashing: path).hash)
      let attributes = try CheckpointFile(readingFrom: path).attributes
      #expect(attributes["item-count"] == .integer(30) && attributes["epochs-done"] == .integer(3))
      #expect(attributes["validation-ndcg-10"] == .real(0.1 * 3))
    }
  }

  /// From the store or trained again, the files of the run are the same.
  @Test func theDescriptionRepeatsTheRun() throws {
    try withRun { folder, cache in
      let expected = try results(folder)
      let (kept, trained) = try trainings { try run("\(cache)/second", cache: cache) }
      #expect(trained == 0)
      #expect(try results(kept) == expected)
      try FileManager.default.removeItem(atPath: "\(cache)/recommenders")
      let (again, once) = try trainings { try run("\(cache)/third", cache: cache) }
      #expect(once == 1)
      #expect(try results(again) == expected)
    }
  }

  @Test func whatDiffersInAnythingIsAnotherFile() throws {
    try withRun { _, cache in
      var files = try names(cache)
      #expect(files.count == 1)
      for settings in [["recommender.epochs=4"], ["seed=7"]] {
        _ = try run("\(cache)/\(settings[0])", settings, cache: cache)
        let now = try names(cache)
        #expect(now.count == files.count + 1, "\(settings)")
        files = now
      }
      let data = "\(cache)/datasets/tiny/train.csv"
      let text = try String(contentsOfFile: data, encoding: .utf8)
      try text.split(separator: "\n").dropLast().joined(separator: "\n")
        .write(toFile: data, atomically: true, encoding: .utf8)
      _ = try run("\(cache)/other", cache: cache)
      #expect(try names(cache).count == files.count + 1)
    }
    let choice = RunDescription.Choice(
      name: "fake", values: try ParameterValues([:], for: FakeRecommender.parameters, owner: ""))
    let data = RecommenderData(
      train: [], validation: [], catalogue: Catalogue(itemTitles: ["A"]), seed: 1)
    let hashes = try [1, 2].map { threads in
      try withCompute(threads: threads) { RecommenderIdentity(choice, data).hash }
    }
    #expect(hashes[0] != hashes[1])
  }

  @Test func aDamagedFileIsTrainedAgain() throws {
    try withRun { folder, cache in
      let path = try "\(cache)/recommenders/\(#require(folder.readRecord()["recommender"]))"
      let whole = try Data(contentsOf: URL(filePath: path))
      for damaged in [whole.prefix(700), whole + [0], Data("x".utf8)] {
        try damaged.write(to: URL(filePath: path))
        var notices: [String] = []
        let (_, trained) = try trainings {
          let name = "\(cache)/\(UUID().uuidString)"
          return try run(name, cache: cache) {
            if case .notice(let text) = $0 { notices.append(text) }
          }
        }
        #expect(trained == 1)
        #expect(notices.contains { $0.hasSuffix("; it is trained again") }, "\(notices)")
        #expect(try Data(contentsOf: URL(filePath: path)) == whole)
      }
    }
  }

  /// Stopped between two epochs, nothing is left of the training; continued, it ends with the bits
  /// of a run that was not.
  @Test func aStoppedRunContinues() throws {
    try withRun { whole, cache in
      let expected = try results(whole)
      try FileManager.default.removeItem(atPath: "\(cache)/recommenders")
      let folder = try RunFolder(creating: "\(cache)/stopped")
      for epoch in [1, 2] {
        let interruption = Interruption()
        #expect(throws: RunInterrupted(path: folder.path)) {
          try experiment(cache: cache).run(in: folder, interruption: interruption) {
            if case .progress(epoch, _) = $0 { interruption.request() }
          }
        }
        #expect(try names(cache).isEmpty)
        #expect(try folder.readRecord()["recommender"] == nil && folder.report == nil)
      }
      _ = try experiment(cache: cache).run(in: folder, interruption: Interruption()) { _ in }
      #expect(try results(folder) == expected)
    }
  }

  @Test func aRunIsMeasuredAgain() throws {
    try withRun { folder, cache in
      let file = try #require(folder.readRecord()["recommender"])
      let report = try #require(folder.report)
      let line = try #require(report.split(separator: "\n").first { $0.hasPrefix("| fake ") })
      func measure(_ folder: RunFolder?) throws -> (text: String, notices: [String]) {
        var notices: [String] = []
        let table = try experiment(cache: cache).measure(run: folder) {
          if case .notice(let text) = $0 { notices.append(text) }
        }
        return (table.text, notices)
      }
      let cells = { (text: Substring) in
        text.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      let first = try measure(folder)
      #expect(cells(first.text.split(separator: "\n")[2]) == cells(line))
      #expect(!first.notices.contains { $0.contains("SHA-256") })
      // With other threads too the run's own file serves.
      Compute.threads = 2
      let (second, trained) = try trainings { try measure(folder) }
      #expect(trained == 0 && second.text == first.text)
      Compute.threads = 1

      // Another one in its place is said, and refused where the run would continue.
      let path = "\(cache)/recommenders/\(file)"
      try FileManager.default.removeItem(atPath: path)
      let (_, other) = try trainings {
        try run("\(cache)/other", ["seed=7"], cache: cache)
      }
      #expect(other == 1)
      let foreign = try #require(names(cache).first)
      var content = try CheckpointFile(readingFrom: "\(cache)/recommenders/\(foreign)")
      content.attributes["bear-lab"] = .text("another")
      try content.write(to: path)
      #expect(try measure(folder).notices.contains { $0.contains("is another file than when") })
      try FileManager.default.removeItem(atPath: folder.reportPath)
      let refused = try #require(throws: RunFolderError.self) {
        try experiment(cache: cache).run(in: folder, interruption: Interruption()) { _ in }
      }
      #expect(refused.description.hasPrefix("recommender fake-"))
    }
  }

  @Test func titlesAreRecommendedByTheScores() throws {
    try withRun { folder, cache in
      let list = try experiment(cache: cache).recommend(
        history: ["Amber", "Ice"], run: folder, count: 29
      ) { _ in }
      #expect(list.map(\.rank) == Array(1...29) && Set(list.map(\.title)).count == 29)
      #expect(list.map(\.score) == list.map(\.score).sorted(by: >))
      #expect(list.first { $0.title == "Amber" }?.items == [1, 6])
    }
  }

  @Test func whatCannotBeTrainedIsExplained() throws {
    try withCompute {
      try withTinyCache { cache in
        let diverged = try #require(throws: RecommenderTrainingError.self) {
          try run("\(cache)/a", ["recommender.learning-rate=10"], cache: cache)
        }
        #expect(diverged == .diverged(name: "fake", epoch: 1))
        let registry = try fakeRegistry()
        let description = try RunDescription(
          [.init(section: "", name: "recommender", text: "fake")], registry: registry)
        let dataset = Dataset(
          name: "d", catalogue: Catalogue(itemTitles: ["A"]),
          phrases: PromptPhrases(instruction: "", historyPhrase: ""), train: [], trainSample: [],
          validation: [], test: [])
        let source = RecommenderSource(
          description, dataset: dataset, registry: registry, resources: nil)
        #expect(throws: FakeError.noValidation) { _ = try source.trained() }
        // A file where the folder should be, which the training that diverged has made.
        try FileManager.default.removeItem(atPath: "\(cache)/recommenders")
        try Data().write(to: URL(filePath: "\(cache)/recommenders"))
        let unkept = try #require(throws: RecommenderFileError.self) {
          try run("\(cache)/b", cache: cache)
        }
        guard case .notWritable = unkept else {
          Issue.record("\(unkept)")
          return
        }
      }
    }
  }

  // MARK: Backbones

  /// The table has a row for what the backbone builds on.
  @Test func aBackbonesRecommenderIsARow() throws {
    try withRun { folder, cache in
      let settings = ["backbone=fake", "recommender=fake"]
      let own = try run("\(cache)/llm", settings + small, cache: cache)
      let rows = try #require(own.report).split(separator: "\n").prefix(6).dropFirst(2)
      #expect(
        rows.map { $0.split(separator: " ").dropFirst().first }
          == ["popularity", "fake", "zero-shot", "bear"])
      #expect(try own.readRecord()["recommender"] == folder.readRecord()["recommender"])
      // A given file serves as well, under its own name.
      let path = "\(cache)/mine.h5"
      try FileManager.default.copyItem(
        atPath: "\(cache)/recommenders/\(#require(names(cache).first))", toPath: path)
      let (given, trained) = try trainings {
        try run("\(cache)/given", settings + small + ["backbone.recommender=\(path)"], cache: cache)
      }
      #expect(try trained == 0 && given.readRecord()["recommender"] == "mine.h5")
      #expect(
        try results(given)["rows-fake.jsonl"] == results(own)["rows-fake.jsonl"])
    }
  }

  @Test func aForeignFileIsExplained() throws {
    try withRun { folder, cache in
      let good = "\(cache)/recommenders/" + (try #require(folder.readRecord()["recommender"]))
      let content = try CheckpointFile(readingFrom: good)
      func error(
        _ settings: [String] = [], _ change: (inout CheckpointFile) -> Void = { _ in }
      ) throws -> RecommenderFileError {
        var changed = content
        change(&changed)
        let path = "\(cache)/foreign.h5"
        try changed.write(to: path)
        return try #require(throws: RecommenderFileError.self) {
          _ = try source(
            ["backbone=fake", "recommender=fake", "backbone.recommender=\(path)"] + settings,
            cache: cache
          ).trained()
        }
      }
      let path = "\(cache)/foreign.h5"
      #expect(try error { $0.attributes["recommender"] = nil } == .notARecommender(path: path))
      #expect(
        try error(["recommender.width=4"])
          == .otherSettings(path: path, name: "fake", differing: ["width: 2"]))
      #expect(
        try error(["recommender=markov"])
          == .otherRecommender(path: path, found: "fake", expected: "markov"))
      #expect(
        try error { $0.attributes["item-count"] = .integer(7) }
          == .otherCatalogue(path: path, items: 7, expected: 30))
      #expect(
        try error { $0.attributes["titles-sha256"] = .text("x") }
          == .otherCatalogue(path: path, items: 30, expected: 30))
      let unfit = try error { file in
        file.tensors["/recommender/items"] = .init(shape: [1], values: [1])
      }
      #expect(unfit.description.contains("has shape [1], not [30, 2]"))
      #expect(
        throws: RecommenderFileError.notFound(path: "no/such/file")
      ) {
        _ = try source(
          ["backbone=fake", "recommender=fake", "backbone.recommender=no/such/file"], cache: cache
        ).trained()
      }
      try Data("text".utf8).write(to: URL(filePath: path))
      #expect(throws: CheckpointError.notACheckpoint(path: path)) {
        _ = try source(
          ["backbone=fake", "recommender=fake", "backbone.recommender=\(path)"], cache: cache
        ).trained()
      }
    }
  }

  @Test func seedsHaveARecommenderEach() throws {
    try withCompute {
      try withTinyCache { cache in
        let description = try describe(["seeds=3,5"])
        func series() throws -> SeedSeries {
          try SeedSeries(
            description, in: "\(cache)/series", registry: fakeRegistry(),
            resources: ResourceLocator(cache: cache))
        }
        let report = try series().run { _ in }
        #expect(report.contains("\nfake, 16 test rows; ") && !report.contains("item NLL"))
        #expect(try names(cache).count == 2)
        try FileManager.default.removeItem(atPath: "\(cache)/series/seed-5/report.md")
        #expect(try series().run { _ in } == report)
      }
    }
  }

  // MARK: Helpers

  private let small = [
    "model=tiny", "training.samples=16", "lora.targets=q_proj,v_proj", "precision=f32",
  ]

  private func describe(_ settings: [String]) throws -> RunDescription {
    try RunDescription(
      (["dataset=tiny", "recommender=fake", "evaluation.users=16"] + settings).map {
        try RunDescription.Assignment(parsing: $0)
      }, registry: fakeRegistry())
  }

  private func experiment(
    _ settings: [String] = [], cache: String
  ) throws -> any PreparedExperiment {
    try describe(settings).experiment(
      registry: fakeRegistry(), resources: ResourceLocator(cache: cache))
  }

  /// The recommenders of a run with a language model that is not read.
  private func source(_ settings: [String], cache: String) throws -> RecommenderSource {
    RecommenderSource(
      try describe(settings), dataset: try experiment(cache: cache).dataset,
      registry: try fakeRegistry(), resources: ResourceLocator(cache: cache))
  }

  @discardableResult
  private func run(
    _ path: String, _ settings: [String] = [], cache: String,
    observer: @escaping (RunEvent) -> Void = { _ in }
  ) throws -> RunFolder {
    let experiment = try experiment(settings, cache: cache)
    let folder = try RunFolder(creating: path)
    _ = try experiment.run(in: folder, interruption: Interruption(), observer: observer)
    return folder
  }

  /// Calls `body` with the folder of a run of the fake recommender, and the cache.
  private func withRun(_ body: (RunFolder, String) throws -> Void) throws {
    try withCompute {
      try withTinyCache { cache in try body(run("\(cache)/run", cache: cache), cache) }
    }
  }

  /// What `body` gives, and how often it trained; the lock of `withCompute` holds others off.
  private func trainings<Result>(_ body: () throws -> Result) rethrows -> (Result, Int) {
    let before = FakeRecommender.trainings.load(ordering: .relaxed)
    let result = try body()
    return (result, FakeRecommender.trainings.load(ordering: .relaxed) - before)
  }

  private func names(_ cache: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(cache)/recommenders").sorted()
  }

  private func lines<Line: Decodable>(_ folder: RunFolder, _ name: String) throws -> [Line] {
    try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)")).split(separator: 0x0A).map {
      try JSONDecoder().decode(Line.self, from: $0)
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
