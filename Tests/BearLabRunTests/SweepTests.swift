import BearLabCore
import BearLabStatistics
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Sweeps on the tiny model and data.
@Suite struct SweepTests {
  private static let lambda = "objective.lambda=0.1,5"
  private static let rate = "training.learning-rate=0.001,0.05"

  @Test func aGridIsMeasuredOnValidationAlone() throws {
    try withSweep([Self.lambda, Self.rate]) { sweep in
      let report = try sweep.run()
      let names = [
        "lambda-0.1-learning-rate-0.001", "lambda-0.1-learning-rate-0.05",
        "lambda-5-learning-rate-0.001", "lambda-5-learning-rate-0.05",
      ]
      var figures: [Double] = []
      for name in names {
        let folder = try RunFolder(existing: "\(sweep.path)/\(name)")
        let evaluations = folder.evaluations()
        #expect(evaluations.map(\.split) == ["validation"])
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!files.contains { $0.hasPrefix("rows-") || $0.hasPrefix("predict") })
        figures.append(try #require(evaluations[0].ndcg.last))
      }
      let lines = try sweep.table()
      #expect(lines.count == 5)
      #expect(
        lines[0].joined(separator: ",")
          == "objective.lambda,training.learning-rate,round,samples,seeds,rows,ndcg@1,ndcg@5,"
          + "ndcg@10,hr@1,hr@5,hr@10,item_nll,runs")
      #expect(lines.dropFirst().map { Double($0[8]) ?? -1 } == figures.sorted(by: >))
      #expect(Set(lines.dropFirst().map { $0[13] }) == Set(names))
      // Equal figures are told apart by the likelihood.
      let best = lines.dropFirst().filter { $0[8] == lines[1][8] }
      #expect(best.allSatisfy { Double($0[12]) ?? 0 >= Double(lines[1][12]) ?? 1 })
      #expect(report.contains("--set objective.lambda=\(lines[1][0]) "))
      #expect(report.contains("--output \(sweep.path)/final-\(lines[1][13])"))
      #expect(!report.contains("measure=validation"))
      #expect(report.contains("| objective.lambda | points | mean ndcg@10 | best ndcg@10 |"))
      // What has ended is used as it is.
      var events = 0
      #expect(try sweep.run { _ in events += 1 } == report)
      #expect(events == 0)
    }
  }

  /// What a run measures besides the usual figures chooses as well, and has its column.
  @Test func aFurtherMetricChooses() throws {
    try withSweep([Self.rate]) { sweep in
      let report = try sweep.with(settings: ["evaluation.metrics=ndcg@3,hr@2"]).run(
        change: { $0.select = .ndcg(3) })
      let lines = try sweep.table()
      #expect(lines[0].suffix(4) == ["item_nll", "hr@2", "ndcg@3", "runs"])
      let figures = lines.dropFirst().compactMap { Double($0[$0.count - 2]) }
      #expect(figures.count == 2 && figures == figures.sorted(by: >))
      #expect(report.contains("chosen by ndcg@3") && report.contains("best ndcg@3"))
    }
  }

  @Test func aStoppedSweepGoesOn() throws {
    try withSweep([Self.rate]) { sweep in
      let whole = try sweep.with(output: "whole").run()
      let interruption = Interruption()
      var starts = 0
      #expect(throws: SweepInterrupted(output: sweep.path)) {
        try sweep.run(interruption: interruption) { event in
          guard case .began("epoch 1 of 1", _, _, _) = event else { return }
          starts += 1
          if starts == 2 { interruption.request() }
        }
      }
      var notices: [String] = []
      let report = try sweep.run {
        if case .notice(let text) = $0 { notices.append(text) }
      }
      #expect(
        report.replacing(sweep.path, with: "") == whole.replacing("\(sweep.cache)/whole", with: ""))
      #expect(notices.first == "learning-rate-0.05")
      #expect(notices.contains { $0.hasPrefix("continuing after step ") })
    }
  }

  @Test func otherSettingsAreRefusedByName() throws {
    try withSweep([Self.rate]) { sweep in
      // What cannot begin is no hindrance to what can.
      #expect(throws: RunDescriptionError.nothingToMeasure(selection: "last")) {
        try sweep.with(settings: ["evaluation.selection=last"]).run()
      }
      _ = try sweep.run()
      #expect(
        throws: SweepError.otherSettings(
          path: sweep.path,
          differing: ["objective.lambda 0.25 instead of 0.75"])
      ) { try sweep.with(settings: ["objective.lambda=0.75"]).run() }
      #expect(
        throws: SweepError.otherSettings(
          path: sweep.path,
          differing: [
            "sweep.training.learning-rate 0.001,0.05 instead of 0.001"
          ])
      ) { try sweep.with(axes: ["training.learning-rate=0.001"]).run() }
    }
  }

  @Test func halvingGoesOnWithTheBest() throws {
    try withSweep([Self.lambda, Self.rate]) { sweep in
      _ = try sweep.run(change: { $0.halving = .init(factor: 2, start: 4) })
      let lines = try sweep.table().dropFirst()
      #expect(lines.map { $0[2] } == ["2", "2", "1", "1", "1", "1"])
      #expect(lines.map { $0[3] } == ["8", "8", "4", "4", "4", "4"])
      // Those that went on are the best of the first round.
      let first = lines.dropFirst(2).prefix(2).map { $0[0...1].joined(separator: " ") }
      #expect(Set(lines.prefix(2).map { $0[0...1].joined(separator: " ") }) == Set(first))
    }
  }

  @Test func seedsAreAveragedAndTheChosenPointIsMeasuredOnTest() throws {
    try withSweep([Self.rate]) { sweep in
      let seeds = sweep.with(settings: ["seeds=1,2"])
      let report = try seeds.run(final: true)
      let lines = try sweep.table()
      #expect(lines.count == 3 && lines[1][3] == "2")
      let folders = lines[1][lines[1].count - 1].split(separator: " ")
      let figures = try folders.map { name -> Double in
        let folder = try RunFolder(existing: "\(sweep.path)/\(name)")
        return try #require(folder.evaluations()[0].itemNLL)
      }
      #expect(figures.count == 2 && figures[0] != figures[1])
      let mean = try #require(Double(lines[1][lines[1].count - 2]))
      #expect(abs(mean - (figures[0] + figures[1]) / 2) < 1e-12)
      #expect(report.contains("means over 2 seeds") && report.contains("## On test"))
      let final = try RunFolder(
        existing: "\(sweep.path)/final-learning-rate-\(lines[1][0])/seed-2")
      #expect(final.evaluations().contains { $0.name == "fine-tuned" && $0.split == "test" })
    }
  }
}

/// What a sweep plans, without running anything.
@Suite struct SweepPlanTests {
  @Test func pointsAreDrawnFromRangesAndLists() throws {
    var request = try request(["objective.form=code,paper"])
    request.axes.append(try SweepAxis(range: "objective.lambda=0.1..10:log"))
    request.axes.append(try SweepAxis(range: "lora.rank=4..64"))
    request.randomPoints = 200
    let plan = try SweepPlan(request, registry: .builtin())
    #expect(plan.points.count == 200 && Set(plan.points).count == 200)
    let lambdas = plan.points.compactMap { Double($0[1]) }
    #expect(lambdas.count == 200 && lambdas.allSatisfy { (0.1...10).contains($0) })
    // Half of the logarithms are below the middle, which is 1.
    #expect((70...130).contains(lambdas.count { $0 < 1 }))
    let ranks = plan.points.compactMap { Int($0[2]) }
    #expect(ranks.count == 200 && ranks.allSatisfy { (4...64).contains($0) })
    #expect(Set(plan.points.map { $0[0] }) == ["code", "paper"])
    #expect(try SweepPlan(request, registry: .builtin()).points == plan.points)
    request.searchSeed = 1
    #expect(try SweepPlan(request, registry: .builtin()).points != plan.points)
    // There are no more points than combinations.
    var few = try self.request(["objective.form=code,paper"])
    few.randomPoints = 9
    #expect(try SweepPlan(few, registry: .builtin()).points.count == 2)
  }

  @Test func roundsMultiplyTheSamples() throws {
    var request = try request(["objective.lambda=1,2"])
    request.settings = [try .init(parsing: "training.samples=1000")]
    request.halving = .init(factor: 3, start: 100)
    #expect(try SweepPlan(request, registry: .builtin()).rounds == [100, 300, 900, 1000])
    request.halving = .init()
    #expect(try SweepPlan(request, registry: .builtin()).rounds == [111, 333, 999, 1000])
    request.halving = .init(factor: 2, start: 1000)
    #expect(throws: SweepError.badStart(1000, samples: 1000)) {
      try SweepPlan(request, registry: .builtin())
    }
  }

  @Test func aPluginComesBeforeItsParameters() throws {
    let request = try request(["objective.tau=1,2", "objective=msl"])
    let plan = try SweepPlan(request, registry: .builtin())
    #expect(plan.firstRuns.map(\.description.objective.name) == ["msl", "msl"])
  }

  @Test func mistakesAreToldBeforeAnyRun() throws {
    for text in ["objective.lambda=", "objective.lambda=1,1", "objective.lambda=1,,2"] {
      #expect(throws: SweepError.malformedList(text)) { try SweepAxis(list: text) }
    }
    for text in ["a.b=1", "a.b=2..1", "a.b=0..1:log", "a.b=x..y", "a.b=1..2..3", "a.b=0.1...5"] {
      #expect(throws: SweepError.malformedRange(text)) { try SweepAxis(range: text) }
    }
    func refused(
      _ axes: [String], _ change: (inout SweepRequest) -> Void = { _ in }
    ) throws
      -> SweepError?
    {
      var request = try request(axes)
      change(&request)
      return #expect(throws: SweepError.self) { try SweepPlan(request, registry: .builtin()) }
    }
    #expect(try refused([]) == .noAxes)
    let range = try SweepAxis(range: "lora.rank=1..2")
    #expect(try refused(["seed=1,2"]) == .reservedAxis("seed"))
    #expect(try refused(["lora.rank=1", "lora.rank=2"]) == .repeatedAxis("lora.rank"))
    #expect(
      try refused(["training.samples=8,16"]) { $0.halving = .init() }
        == .reservedAxis("training.samples"))
    #expect(try refused(["lora.rank=1"]) { $0.randomPoints = 0 } == .badPointCount(0))
    #expect(try refused(["lora.rank=1"]) { $0.randomPoints = .max } == .badPointCount(.max))
    for text in ["training.epochs=0.6..0.9", "training.epochs=1..1e30"] {
      let axis = try SweepAxis(range: text)
      let error = try refused([]) { ($0.axes, $0.randomPoints) = ([axis], 2) }
      guard case .malformedRange = error else { return #expect(Bool(false), "\(text)") }
    }
    #expect(
      try refused(["lora.rank=1"]) { $0.halving = .init(factor: .max, start: 0) }
        == .badStart(0, samples: 1000))
    #expect(
      try refused([]) { $0.axes = [range] } == .rangeInGrid("lora.rank"))
    #expect(try refused(["lora.rank=1"]) { $0.select = .ndcg(3) } == .unknownSelection("ndcg@3"))
    #expect(
      try refused(["lora.rank=1"]) { $0.halving = .init(factor: 1) } == .badFactor(1))
    guard case .impossiblePoint(let name, _, _) = try refused(["objective.lambda=1,x"]) else {
      return #expect(Bool(false))
    }
    #expect(name == "lambda-x")
    #expect(try refused(["init-from=a+b,a*b"]) == .sameName("init-from-a-b"))
  }

  @Test func theBestComesFirst() {
    func entry(_ point: Int, _ ndcg: Double, _ likelihood: Double?) -> SweepResult.Entry {
      var metrics = ["ndcg@10": ndcg]
      metrics["item_nll"] = likelihood
      return .init(
        values: ["\(point)"], round: 1, samples: 8, rows: 4, metrics: metrics, runs: [],
        point: point)
    }
    let entries = [entry(0, 0.5, 3), entry(1, 0.7, 4), entry(2, 0.7, 2), entry(3, 0.7, 2)]
    #expect(SweepResult.ranked(entries, by: .ndcg(10)).map(\.point) == [2, 3, 1, 0])
    #expect(SweepResult.ranked(entries, by: .itemNLL).map(\.point) == [2, 3, 0, 1])
    let result = SweepResult(
      [entry(10, 0.5, 3), entry(9, 0.7, 4), entry(9, 0.1, 4)], axes: ["x"], select: .ndcg(10))
    #expect(result.sensitivity.map(\.value) == ["9", "10"])
    #expect(result.sensitivity[0].points == 2 && result.sensitivity[0].best == 0.7)
    #expect(abs(result.sensitivity[0].mean - 0.4) < 1e-15)
  }

  private func request(_ axes: [String]) throws -> SweepRequest {
    SweepRequest(axes: try axes.map { try SweepAxis(list: $0) }, output: "no/such/folder")
  }
}

/// A sweep of some axes on the tiny data, in a folder of its own.
private struct TinySweep {
  let cache: String
  var output = "sweep"
  var axes: [String]
  var settings: [String] = []

  var path: String { "\(cache)/\(output)" }

  func with(
    axes: [String]? = nil, settings: [String] = [], output: String? = nil
  ) -> TinySweep {
    TinySweep(
      cache: cache, output: output ?? self.output, axes: axes ?? self.axes, settings: settings)
  }

  func run(
    final: Bool = false, interruption: Interruption = Interruption(),
    observer: @escaping (RunEvent) -> Void = { _ in },
    change: (inout SweepRequest) -> Void = { _ in }
  ) throws -> String {
    let small = [
      "dataset=tiny", "model=tiny", "training.samples=16", "training.batch-size=8",
      "evaluation.users=8", "lora.targets=q_proj,v_proj", "precision=f32",
    ]
    var request = SweepRequest(
      axes: try axes.map { try SweepAxis(list: $0) },
      settings: try (small + settings).map { try .init(parsing: $0) }, output: path)
    change(&request)
    return try Sweep(
      SweepPlan(request, registry: .builtin()), registry: .builtin(),
      resources: ResourceLocator(cache: cache)
    ).run(final: final, interruption: interruption, observer: observer)
  }

  /// The cells of `sweep.csv`.
  func table() throws -> [[String]] {
    try String(contentsOfFile: "\(path)/sweep.csv", encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }
}

private func withSweep(_ axes: [String], _ body: (TinySweep) throws -> Void) throws {
  try withCompute(threads: 1) {
    try withTinyCache { try body(TinySweep(cache: $0, axes: axes)) }
  }
}
