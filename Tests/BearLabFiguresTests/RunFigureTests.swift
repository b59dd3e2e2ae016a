import BearLabRun
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabFigures

/// Figures of runs, from folders that are written by hand.
@Suite struct RunFigureTests {
  private func runs(_ runs: [(String, HandMadeRun)], _ body: ([RunLog]) throws -> Void) throws {
    try withEmptyFolder { folder in
      for (name, run) in runs { try run.write(to: "\(folder)/\(name)") }
      try body(try RunLog.read(runs.map { "\(folder)/\($0.0)" }))
    }
  }

  private func diagnosed(
    _ rows: [(rank: Int, step: Int?, margin: Double?)]
  ) -> HandMadeRun {
    var run = HandMadeRun.trained()
    run.diagnosis = rows
    return run
  }

  @Test func trainingHasTheLossAndTheEpochs() throws {
    try runs([("a", .trained(steps: 10)), ("b", .trained(steps: 10, ndcg: 0.4))]) { runs in
      let figure = try RunFigure.training.figure(of: runs)
      #expect(figure.panels.count == 2)
      // Too few steps to smooth.
      let loss = figure.panels[0].series[1]
      #expect(loss.name == "b" && loss.points.map(\.x) == (1...10).map(Double.init))
      #expect(loss.points[0] == Figure.Point(1, 4) && loss.points[5].y == 4 / 1.5)
      let epochs = figure.panels[1].series[1].points
      #expect(epochs.map(\.x) == [5, 10] && epochs.map(\.y) == [0.2, 0.4])
      let interval = try #require(epochs[1].interval)
      #expect(interval.contains(0.4) && abs(interval.lowerBound - 0.2761) < 1e-3)
      #expect(figure.panels[1].y.text == "validation NDCG@10")
      #expect(
        try RunFigure.training.figure(of: runs, metric: "item_nll").panels[1].y.unit == "nats")
    }
  }

  /// One epoch has no course: its figure is a row a run.
  @Test func runsOfOneEpochAreRows() throws {
    var run = HandMadeRun.trained(steps: 10)
    run.evaluations = [("epoch-1", "validation", 0.1)]
    try runs([("a", run), ("b", run)]) { runs in
      let panel = try RunFigure.training.figure(of: runs).panels[1]
      #expect(panel.x.scale == .rows(["a", "b"]) && panel.series.count == 1)
      #expect(panel.series[0].points.map(\.y) == [0.1, 0.1])
      #expect(panel.series[0].points.map(\.x) == [0, 1])
    }
  }

  /// A straight line stays one but for its ends; the band is the standard deviation of the window.
  @Test func smoothingTakesTheMeanAround() {
    let points = TrainingFigure.smoothed((0..<9).map { (Double($0), Double($0)) }, window: 5)
    #expect(points.map(\.y) == [1, 1.5, 2, 3, 4, 5, 6, 6.5, 7])
    #expect(points[4].interval == (4 - 2.0.squareRoot())...(4 + 2.0.squareRoot()))
    #expect(TrainingFigure.window(of: 19) == 1 && TrainingFigure.window(of: 400) == 21)
  }

  @Test func pruningCountsTheTargetsOfEachList() throws {
    let rows: [(Int, Int?, Double?)] = [
      (1, nil, nil), (2, 1, 0.5), (3, nil, nil), (4, nil, nil), (9, 2, 1.5), (500, 1, 9),
    ]
    try runs([("a", diagnosed(rows)), ("b", diagnosed([(9, nil, nil)]))]) { runs in
      let panel = try RunFigure.pruning.figure(of: runs).panels[0]
      #expect(panel.x.scale == .rows(["a", "b"]))
      #expect(panel.series.map(\.name) == ["PR@5", "PR@10"])
      #expect(panel.series[0].points.map(\.y) == [25])
      #expect(panel.series[1].points.map(\.y) == [40, 0])
      // Wilson's interval of 1 in 4.
      let interval = try #require(panel.series[0].points[0].interval)
      #expect(abs(interval.lowerBound - 4.5587) < 1e-3 && abs(interval.upperBound - 69.9358) < 1e-3)
    }
  }

  @Test func marginsAddUp() throws {
    let rows: [(Int, Int?, Double?)] = (0..<60).map { (100, 1, Double($0) / 20) } + [(1, nil, nil)]
    try runs([("a", diagnosed(rows))]) { runs in
      let figure = try RunFigure.margins.figure(of: runs)
      let points = figure.panels[0].series[0].points
      #expect(abs(points.map(\.y).reduce(0, +) - 100) < 1e-9)
      #expect(Set(points.map { ($0.y * 1000).rounded() }).count <= 2)
      #expect(figure.note.contains("Median: 1.48 nats; 60 lost targets"))
    }
  }

  @Test func stepsAreSharesOfAllRows() throws {
    let rows: [(Int, Int?, Double?)] = [(9, 1, 1), (9, 3, 1), (9, 3, nil), (9, nil, nil)]
    try runs([("a", diagnosed(rows))]) { runs in
      let figure = try RunFigure.steps.figure(of: runs)
      #expect(figure.panels[0].series[0].points == [.init(1, 25), .init(2, 0), .init(3, 50)])
      #expect(figure.note.contains("kept to the end: 25.0 %"))
    }
  }

  @Test func timeIsTheMedianOfLaterEpochs() throws {
    try runs([("a", .trained(steps: 8)), ("b", .trained(steps: 8, ndcg: 0.6))]) { runs in
      let series = try RunFigure.time.figure(of: runs, metric: "hr@10").panels[0].series
      // The second epoch: four steps of 1.25 s.
      #expect(series.map { $0.points[0].x } == [5, 5])
      #expect(abs(series[1].points[0].y - 0.9) < 1e-12)
    }
  }

  private func varied(_ lambda: String, _ xi: String, _ ndcg: Double, seed: Int = 1) -> HandMadeRun
  {
    var run = HandMadeRun.trained(ndcg: ndcg)
    run.settings = [
      "": ["seed": "\(seed)", "dataset": "d"],
      "objective": ["name": "bear", "lambda": lambda, "xi": xi],
    ]
    return run
  }

  @Test func sensitivityIsALineForEachOtherChoice() throws {
    let all = [
      ("a", varied("0.1", "0.5", 0.1)), ("b", varied("1", "0.5", 0.2)),
      ("c", varied("0.1", "2.75", 0.3)), ("d", varied("1", "2.75", 0.4)),
      ("e", varied("1", "2.75", 0.6, seed: 2)), ("f", varied("5", "0.5", 0.3)),
    ]
    try runs(all) { runs in
      let figure = try RunFigure.sensitivity.figure(of: runs)
      #expect(figure.panels.count == 1 && figure.title == "NDCG@10 against objective.lambda")
      let panel = figure.panels[0]
      #expect(panel.x.label == "objective.lambda" && panel.x.scale == .logarithmic)
      #expect(panel.series.map(\.name) == ["xi=0.5", "xi=2.75"])
      #expect(panel.series[0].points.map(\.x) == [0.1, 1, 5])
      #expect(abs(panel.series[1].points[1].y - 0.5) < 1e-12)
      // Two seeds: their standard deviation.
      let interval = try #require(panel.series[1].points[1].interval)
      #expect(abs(interval.upperBound - 0.5 - 0.02.squareRoot()) < 1e-12)
      #expect(figure.note.hasPrefix("Mean and standard deviation"))
      let other = try RunFigure.sensitivity.figure(of: runs, parameter: "objective.xi")
      #expect(other.panels[0].x.ticks == [0.5, 2.75] && other.panels[0].series.count == 3)
      #expect(throws: FigureError.notVaried(path: "lora.rank")) {
        try RunFigure.sensitivity.figure(of: runs, parameter: "lora.rank")
      }
    }
  }

  /// As in the paper's Figure 8, and as in a random search.
  @Test func settingsVariedOneAtATimeHavePanelsOfTheirOwn() throws {
    let all = [
      ("a", varied("0.1", "2.75", 0.1)), ("b", varied("0.25", "2.75", 0.2)),
      ("c", varied("5", "2.75", 0.3)), ("d", varied("0.25", "0.5", 0.4)),
      ("e", varied("0.25", "3", 0.5)), ("f", varied("0.7", "9", 0.6)),
    ]
    try runs(all) { runs in
      let panels = try RunFigure.sensitivity.figure(of: Array(runs.dropLast())).panels
      #expect(panels.map(\.x.label) == ["objective.lambda", "objective.xi"])
      #expect(panels.map { $0.series.map(\.name) } == [["xi=2.75"], ["lambda=0.25"]])
      #expect(panels[0].series[0].points.map(\.x) == [0.1, 0.25, 5])
      #expect(panels[1].series[0].points.map(\.y) == [0.4, 0.2, 0.5])
      let random = try RunFigure.sensitivity.figure(of: [runs[0], runs[3]]).panels
      #expect(random.map { $0.series.map(\.name) } == [[""], [""]])
      #expect(random.map { $0.series[0].mark } == [.points, .points])
      #expect(random[1].series[0].points.map(\.x) == [0.5, 2.75])
      // One that shares neither setting with another is told of.
      let some = try RunFigure.sensitivity.figure(of: [runs[1], runs[2], runs[3], runs[5]])
      #expect(
        some.panels.count == 2 && some.note.contains("Not shown: 1 of 4 runs"), "\(some.note)")
      let asked = try RunFigure.sensitivity.figure(
        of: [runs[1], runs[2], runs[5]], parameter: "objective.lambda")
      #expect(
        asked.panels[0].series.map(\.name) == ["xi=2.75", "xi=9"] && asked.note.hasPrefix("One"))
    }
  }

  @Test func aSweepsTableIsReadAsRunsAre() throws {
    try withEmptyFolder { folder in
      let path = "\(folder)/sweep.csv"
      let text = """
        objective.lambda,objective.xi,round,rows,ndcg@10,runs
        0.1,0.5,1,50,0.01,a
        1,0.5,1,50,0.02,b
        1,0.5,2,50,0.9,b
        5,0.5,1,50,,c
        7,0.5,1,50,nan,c
        """
      try Data(text.utf8).write(to: URL(filePath: path))
      let table = try SweepTable(csv: path, metric: "ndcg@10")
      #expect(table.parameters == ["objective.lambda"] && table.rows.map(\.value) == [0.01, 0.02])
      let series = try SensitivityFigure(table, metric: "ndcg@10").figure.panels[0].series
      #expect(series.count == 1 && series[0].points == [.init(0.1, 0.01), .init(1, 0.02)])
      #expect(
        throws: FigureError.unknownMetric(
          name: "hr@10", known: ["round", "rows", "ndcg@10", "runs"])
      ) {
        try SweepTable(csv: path, metric: "hr@10")
      }
      #expect(throws: FigureError.self) { try SweepTable(csv: "\(folder)/none", metric: "ndcg@10") }
    }
  }

  /// The name of a plug-in is a choice as well, and no seed.
  @Test func methodsOfASweepAreLinesOfTheirOwn() throws {
    try withEmptyFolder { folder in
      let path = "\(folder)/sweep.csv"
      let text = """
        objective,lora.rank,round,seeds,ndcg@10
        bear,4,1,1,0.01
        bear,8,1,1,0.02
        sft,4,1,1,0.03
        sft,8,1,1,0.04
        """
      try Data(text.utf8).write(to: URL(filePath: path))
      let figure = try SensitivityFigure(
        SweepTable(csv: path, metric: "ndcg@10"), metric: "ndcg@10"
      ).figure
      #expect(figure.panels[0].series.map(\.name) == ["objective=bear", "objective=sft"])
      #expect(figure.note.isEmpty)
    }
  }

  /// Points that share a value by chance are no repetitions.
  @Test func pointsOfARandomSearchStandAlone() throws {
    try withEmptyFolder { folder in
      let path = "\(folder)/sweep.csv"
      let text = """
        lora.rank,objective.lambda,objective.xi,ndcg@10
        4,0.1,1,0.1
        4,0.2,2,0.3
        8,0.3,3,0.5
        """
      try Data(text.utf8).write(to: URL(filePath: path))
      let panels = try SensitivityFigure(
        SweepTable(csv: path, metric: "ndcg@10"), metric: "ndcg@10"
      ).figure.panels
      let rank = try #require(panels.first { $0.x.label == "lora.rank" })
      #expect(rank.series[0].points == [.init(4, 0.1), .init(4, 0.3), .init(8, 0.5)])
    }
  }

  @Test func whatHasNoTimeHasNoSecondsAnEpoch() throws {
    try runs([("a", .trained(steps: 8))]) { runs in
      #expect(runs[0].secondsPerEpoch == 5)
      let path = "\(runs[0].folder.path)/timing.jsonl"
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      // The last step of the second epoch was not timed.
      try Data(lines.dropLast().joined(separator: "\n").utf8).write(to: URL(filePath: path))
      #expect(try RunLog(runs[0].folder.path).secondsPerEpoch == 1)
      try FileManager.default.removeItem(atPath: path)
      #expect(try RunLog(runs[0].folder.path).secondsPerEpoch == nil)
    }
  }

  /// What the base model had is no result of a training that goes on.
  @Test func aRunThatHasNotEndedHasNoFigures() throws {
    var run = HandMadeRun.trained()
    run.evaluations = [("zero-shot", "test", 0.1)]
    run.settings = ["training": ["epochs": "2"]]
    try runs([("a", run), ("b", .trained())]) { runs in
      #expect(throws: RunLogError.nothingMeasured(path: runs[0].folder.path)) {
        try RunFigure.time.figure(of: runs)
      }
      try Data().write(to: URL(filePath: "\(runs[0].folder.path)/report.md"))
      #expect(try RunLog(runs[0].folder.path).finalFigures().name == "zero-shot")
    }
  }

  /// Margins at the edge of the last bar belong to it.
  @Test(arguments: [([1.0, 3.0], "Median: 2.00"), (Array(repeating: 0.009, count: 100), "0.01")])
  func everyMarginIsInABar(margins: [Double], median: String) throws {
    try runs([("a", diagnosed(margins.map { (900, 1, $0) }))]) { runs in
      let figure = try RunFigure.margins.figure(of: runs)
      let shares = figure.panels[0].series[0].points.map(\.y)
      #expect(abs(shares.reduce(0, +) - 100) < 1e-9, "\(shares)")
      #expect(figure.note.contains(median) && !figure.note.contains("further right"))
    }
  }

  @Test func splitsAreNotMixedUnderOneName() throws {
    var validation = HandMadeRun.trained(ndcg: 0.1)
    validation.evaluations = [("epoch-1", "test", 0.1), ("epoch-2", "test", 0.2)]
    try runs([("a", .trained()), ("b", validation)]) { runs in
      let figure = try RunFigure.training.figure(of: runs)
      #expect(figure.panels[1].y.label == "NDCG@10")
      #expect(figure.note.contains("50 test or validation rows"), "\(figure.note)")
    }
  }

  @Test func whatIsMissingIsSaid() throws {
    try runs([("a", .trained()), ("b", HandMadeRun())]) { runs in
      let (trained, empty) = (runs[0], runs[1])
      for kind in [RunFigure.pruning, .margins, .steps] {
        let error = #expect(throws: RunLogError.self) { try kind.figure(of: [trained]) }
        #expect(error?.remedy == "make it: bear-lab diagnose \(trained.folder.path)")
      }
      for kind in [RunFigure.training, .time] {
        #expect(throws: RunLogError.noSteps(run: empty.folder.path)) {
          try kind.figure(of: [empty])
        }
      }
      #expect(throws: FigureError.tooFewRuns(kind: "sensitivity", given: 1, needed: 2)) {
        try RunFigure.sensitivity.figure(of: [trained])
      }
      let unknown = #expect(throws: FigureError.self) {
        try RunFigure.time.figure(of: [trained], metric: "mrr")
      }
      #expect(unknown?.remedy.contains("ndcg@10, hr@10") == true)
    }
    try runs([("a", diagnosed([(900, nil, nil)]))]) { runs in
      for kind in [RunFigure.pruning, .margins, .steps] {
        #expect(throws: FigureError.self) { try kind.figure(of: runs) }
      }
    }
  }

  @Test func namesAreAsLongAsTheyMustBe() throws {
    try runs([("x/seed-1", .trained()), ("y/seed-1", .trained())]) { runs in
      #expect(RunLog.named(runs).map(\.name) == ["x/seed-1", "y/seed-1"])
      #expect(RunLog.named([runs[0]]).map(\.name) == ["seed-1"])
      #expect(RunLog.labelled(runs).map(\.name) == ["x/seed-1", "y/seed-1"])
    }
  }
}
