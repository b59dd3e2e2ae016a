import BearLabCheckpoint
import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Recommenders that learn from files: a teacher's, or a bank of examples.
@Suite struct TaughtRecommenderTests {
  /// From a run's lists to a recommender that was taught by them.
  @Test func aRunTeachesARecommender() throws {
    try withCompute(threads: 1) {
      try withTinyCache { cache in
        let experiment = try tinyExperiment(cache: cache)
        let folder = try RunFolder(creating: "\(cache)/run")
        _ = try experiment.run(in: folder, interruption: Interruption()) { _ in }
        let path = "\(cache)/teacher.h5"
        #expect(try experiment.exportTeacher(of: folder, rows: 20, to: path) { _ in } == 20)

        let teacher = try TeacherFile.read(path, for: experiment.dataset)
        #expect(teacher.lists.count == 20)
        #expect(teacher.embeddings.shape == [30, experiment.loaded.model.shape.width])
        // Items 1 and 6 have the same title, and so the same vector.
        let width = teacher.embeddings.shape[1]
        let vectors = (0..<30).map { teacher.embeddings.values[$0 * width..<($0 + 1) * width] }
        #expect(Array(vectors[0]) == Array(vectors[5]) && Array(vectors[0]) != Array(vectors[1]))
        // The lists are those of the run's own decoding.
        let window = try #require(experiment.dataset.trainSample.first)
        let list = try #require(teacher.lists[window])
        let weights = try experiment.trainedWeights(of: folder, injector: nil).weights
        let answers = try experiment.evaluator().answers(behind: window.history, weights: weights)
        let catalogue = experiment.dataset.catalogue
        #expect(list.items.map(catalogue.titleNumber) == answers.compactMap(\.title))
        #expect(largestGap(list.distances, answers.map { -Double($0.score) }) < 1e-4)
        #expect(list.distances == list.distances.sorted() && list.items.count == 10)

        let settings = [
          "recommender=dllm2rec", "recommender.teacher=\(path)", "recommender.epochs=3",
        ]
        let first = try run(settings, "first", cache: cache)
        #expect(!first.notices.contains { $0.hasPrefix("llm-cf") } && first.files == 1)
        // Found in the store again, unless the teacher is another one.
        #expect(try run(settings, "second", cache: cache).files == 1)
        try experiment.exportTeacher(of: folder, rows: 10, to: path) { _ in }
        #expect(try run(settings, "third", cache: cache).files == 2)
      }
    }
  }

  @Test func aForeignTeacherIsRefused() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      let path = "\(cache)/teacher.h5"
      let vectors = StoredTensors.Entry(shape: [30, 2], values: [Float](repeating: 1, count: 60))
      let lists = [(row: 3, list: TeacherLists.List(items: [5, 2], distances: [1, 2]))]
      try TeacherFile.write(lists, embeddings: vectors, of: experiment.dataset, to: path)
      let window = experiment.dataset.train[3]
      #expect(try TeacherFile.read(path, for: experiment.dataset).lists[window] == lists[0].list)
      var file = try CheckpointFile(readingFrom: path)
      file.tensors["/teacher/items"] = .init(shape: [1, 2], values: [5, 31])
      try file.write(to: path)
      #expect(throws: TeacherFileError.notATeacher(path: path)) {
        try TeacherFile.read(path, for: experiment.dataset)
      }
      file.attributes["data-sha256"] = .text("another")
      try file.write(to: path)
      #expect(throws: TeacherFileError.otherData(path: path)) {
        try TeacherFile.read(path, for: experiment.dataset)
      }
    }
  }

  @Test func aBankIsReadAndEmbedded() throws {
    try withCompute(threads: 1) {
      try withTinyCache { cache in
        try TinyBERT.write(to: "\(cache)/encoders/tiny")
        let path = "\(cache)/bank.jsonl"
        let lines = (0..<12).map { index in
          """
          {"user": \(index % 4), "history": [\(index + 1), 2], "target": \(index + 3), \
          "label": \(index % 2), "text": "the story \(index)"}
          """
        }
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let settings = [
          "recommender=llm-cf", "recommender.bank=\(path)", "recommender.encoder=tiny",
          "recommender.epochs=2", "recommender.width=16",
        ]
        let first = try run(settings, "first", cache: cache)
        #expect(!first.notices.contains { $0.hasPrefix("llm-cf") } && first.files == 1)
        #expect(try run(settings, "second", cache: cache).files == 1)
        let none = try run(
          ["recommender=llm-cf", "recommender.epochs=2"], "third", cache: cache)
        #expect(none.notices.contains { $0.hasPrefix("llm-cf without recommender.bank is SASRec") })
        #expect(none.report != first.report)
      }
    }
  }

  @Test(arguments: [
    (#"{"user": 1}"#, "is not as it should be"),
    (
      #"{"user": 1, "history": [1], "target": 2, "label": 2, "text": "a"}"#,
      "is not as it should be"
    ),
    (#"{"user": 1, "history": [1], "target": 9, "label": 1, "text": "a"}"#, "has item 9, which"),
  ])
  func aWrongExampleIsNamed(line: String, expected: String) throws {
    try withTinyCache { cache in
      let path = "\(cache)/bank.jsonl"
      let good =
        #"{"user": 1, "history": [1], "target": 2, "label": 0, "text": "a", "timestamp": 4}"#
      try "\(good)\n\(line)\n".write(toFile: path, atomically: true, encoding: .utf8)
      let catalogue = Catalogue(itemTitles: ["a", "b", "c"])
      #expect {
        try ExampleFile(readingFrom: path, for: catalogue)
      } throws: { error in
        let text = (error as? ExampleFileError)?.description ?? ""
        return text.contains("example 2 ") && text.contains(expected)
      }
      try good.write(toFile: path, atomically: true, encoding: .utf8)
      let file = try ExampleFile(readingFrom: path, for: catalogue)
      #expect(
        file.examples == [
          .init(user: 1, history: [1], target: 2, isPositive: false, timestamp: 4)
        ])
      #expect(file.texts == ["a"])
    }
  }

  /// Runs a recommender; how many are in the store then.
  private func run(
    _ settings: [String], _ name: String, cache: String
  ) throws -> (report: String?, notices: [String], files: Int) {
    let own = try (["dataset=tiny", "evaluation.users=12"] + settings)
      .map { try RunDescription.Assignment(parsing: $0) }
    let registry = try PluginRegistry.builtin()
    let experiment = try RunDescription(own, registry: registry)
      .prepared(registry: registry, resources: ResourceLocator(cache: cache))
    let folder = try RunFolder(creating: "\(cache)/\(name)")
    var notices: [String] = []
    _ = try experiment.run(in: folder, interruption: Interruption()) {
      if case .notice(let text) = $0 { notices.append(text) }
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/recommenders")
    return (folder.report, notices, files.count)
  }
}
