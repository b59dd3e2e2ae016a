import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// `bench` on the tiny model and data, with a clock that tells what the tests say.
@Suite struct BenchTests {
  private static let common: Set<String> = [
    "backbone", "batch_size", "bear_lab", "computed_tokens_per_second", "dataset", "engine",
    "instruction_set", "mean_tokens", "model", "objective", "peak_bytes", "precision", "rows",
    "steps", "threads", "tokens_per_second", "work",
  ]

  /// Three steps of 4, 8 and 1 seconds: had the warm-up been timed, the clock would run out.
  @Test func trainingGivesTheMedianOfItsSteps() throws {
    let (report, json) = try bench(
      ["training.batch-size=4"], ["steps": .integer(3)], seconds: [4, 8, 1]
    ) { try $0.train() }
    #expect(report.secondsPerRow == 1)
    #expect(json["seconds_per_sample"] as? Double == 1)
    #expect(Set(json.keys) == Self.common.union(["seconds_per_sample", "seed"]))
    #expect(json["steps"] as? Int == 3 && json["rows"] as? Int == 12)
    #expect(json["batch_size"] as? Int == 4 && json["threads"] as? Int == 1)
    #expect(json["objective"] as? String == "bear" && json["precision"] as? String == "f32")
    #expect(json["work"] as? String == "train" && json["engine"] as? String == engineOfThisCPU)
    #expect(try #require(json["peak_bytes"] as? Int) > 1_000_000)
  }

  /// Batches of 4, 4 and 2 users in 8, 4 and 6 seconds; the order of tokens is the rows'.
  @Test func decodingGivesTheMedianOfItsBatches() throws {
    let (report, json) = try bench(
      ["evaluation.batch-size=4", "objective=sft"], ["users": .integer(10)], seconds: [8, 4, 6]
    ) { try $0.decode() }
    #expect(report.secondsPerRow == 2)
    #expect(json["seconds_per_user"] as? Double == 2)
    #expect(
      Set(json.keys) == Self.common.union(["seconds_per_user", "decoder", "constraint"]))
    #expect(json["decoder"] as? String == "constrained-beam")
    #expect(json["constraint"] as? String == "after")
    #expect(json["steps"] as? Int == 3 && json["rows"] as? Int == 10)
  }

  /// The one key with the word is the figure itself, so that a reader can find it by the word.
  @Test(arguments: [BenchReport.Work.train, .decode])
  func noOtherKeyHasTheWord(work: BenchReport.Work) throws {
    let (_, json) = try bench([], ["steps": .integer(1), "users": .integer(1)], seconds: [1]) {
      try work == .train ? $0.train() : $0.decode()
    }
    let found = json.keys.filter { $0.contains("sample") || $0.contains("user") }
    #expect(found == [work == .train ? "seconds_per_sample" : "seconds_per_user"])
  }

  /// The tokens of prompt and answer, of the first rows of the file, each counted whole.
  @Test func tokensAreThoseOfTheFirstRows() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(["evaluation.batch-size=8"], cache: cache)
      func count(_ windows: some Sequence<Window>) throws -> [Int] {
        try windows.map { window in
          let catalogue = experiment.dataset.catalogue
          let title = catalogue.titles[catalogue.titleNumber(of: window.target)]
          let prompt = try experiment.backbone.prompt(
            history: window.history, catalogue: catalogue, phrases: experiment.dataset.phrases,
            stage: .inference)
          let text = prompt.parts.reduce(into: "") { text, part in
            if case .text(let own) = part { text += own }
          }
          let encoder = experiment.loaded.encoder
          return encoder.encode(text).count
            + encoder.encode(experiment.backbone.answer(title: title)).count + 1
        }
      }
      let rows = try count(experiment.dataset.test.prefix(16))
      let total = rows.reduce(0, +)
      #expect(rows != (try count(experiment.dataset.test.dropFirst(16).prefix(16))))
      let report = try withCompute {
        try Bench(
          experiment, settings: settings(["users": .integer(16)]), now: clock(seconds: [2, 4])
        ).decode()
      }
      #expect(report.meanTokens == Double(total) / 16)
      let rates = [
        Double(rows[..<8].reduce(0, +)) / 2, Double(rows[8...].reduce(0, +)) / 4,
      ]
      #expect(report.tokensPerSecond == (rates[0] + rates[1]) / 2)
      #expect(report.batches.map(\.tokens) == [Int(rates[0] * 2), Int(rates[1] * 4)])
      // Eight prompts share their instruction.
      #expect(report.batches.allSatisfy { 0 < $0.computedTokens })
    }
  }

  @Test func whatIsTimedIsInOrderAndWarmUpIsOther() {
    let rows = (1...10).map { Window(user: $0, history: [1], target: 2, timestamp: 3) }
    func users(_ timed: Int, _ batchSize: Int) -> [[Int]] {
      let plan = BenchRows(rows, timed: timed, batchSize: batchSize)
      return (plan.batches + [plan.warmUp]).map { $0.map(\.user) }
    }
    #expect(users(6, 3) == [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    #expect(users(5, 3) == [[1, 2, 3], [4, 5], [6, 7, 8]])
    #expect(users(8, 4) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 1, 2]])
    #expect(users(10, 5) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [1, 2, 3, 4, 5]])
    #expect(users(1, 64) == [[1], [2, 3, 4, 5, 6, 7, 8, 9, 10, 1]])
  }

  @Test func moreRowsThanThereAreAreRefused() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      let bench = Bench(
        experiment, settings: try settings(["steps": .integer(33), "users": .integer(41)]))
      #expect(throws: BenchError.tooFewTrainingRows(steps: 33, batchSize: 8, available: 263)) {
        try bench.train()
      }
      #expect(throws: BenchError.tooFewTestRows(wanted: 41, available: 40)) {
        try bench.decode()
      }
    }
  }

  @Test func theMedianIsTheMiddleOrTheMeanOfTheMiddleTwo() {
    #expect([7.0].median == 7)
    #expect([9.0, 1, 4].median == 4)
    #expect([9.0, 1, 4, 2].median == 3)
    #expect([Double]().median.isNaN)
  }

  @Test func theTableHasEveryFigure() {
    let report = BenchReport(
      work: .decode, facts: ["batch_size": 4],
      batches: [.init(rows: 4, seconds: 2, tokens: 800, computedTokens: 500)],
      peakBytes: 3 << 29)
    #expect(
      report.text == """
        work                      decode
        batch size                4
        batches timed             1 (4 users)
        seconds a user            0.5000
        tokens a second           400.0
        computed tokens a second  250.0
        mean tokens a user        200.0
        peak memory               1.5 GiB
        """)
  }

  // MARK: Support

  private func settings(_ values: [String: ParameterValue]) throws -> ParameterValues {
    try ParameterValues(values, for: Bench.parameters, owner: "bench")
  }

  /// A clock on which timed batches take so long; it ends the test when asked once more.
  private func clock(seconds: [Double]) -> () -> Duration {
    var times: [Duration] = []
    var elapsed = 0.0
    for length in seconds {
      times += [.seconds(elapsed), .seconds(elapsed + length)]
      elapsed += length + 100
    }
    return { times.removeFirst() }
  }

  private func bench(
    _ description: [String], _ values: [String: ParameterValue], seconds: [Double],
    _ body: (Bench) throws -> BenchReport
  ) throws -> (report: BenchReport, json: [String: Any]) {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(description, cache: cache)
      let bench = Bench(experiment, settings: try settings(values), now: clock(seconds: seconds))
      let report = try withCompute { try body(bench) }
      let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8))
      return (report, try #require(json as? [String: Any]))
    }
  }
}
