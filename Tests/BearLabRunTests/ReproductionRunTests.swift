import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Reproductions on the tiny model and data.
@Suite struct ReproductionRunTests {
  @Test func theReportHasThePapersNumbersAndOurs() throws {
    try withBook { cache in
      let report = try reproduce(.table2, seeds: [1, 2], cache: cache)
      let rows = report.split(separator: "\n").filter { $0.hasPrefix("| ") }.map(cells)
      #expect(rows.map(\.[0]) == ["method", "---", "SASRec", "BIGRec", "MSL", "BEAR", "Imp.%"])
      #expect(rows[0].prefix(3) == ["method", "NDCG@5 paper", "ours"])
      #expect(rows[2][1] == "0.0061" && rows[5][1] == "0.0146" && rows[6][1] == "+24.79")
      #expect(rows.dropFirst(2).dropLast().allSatisfy { $0[2].contains(" ± ") }, "\(rows)")
      // Ours are those of the runs' own reports.
      let values = try [1, 2].map { seed -> Double in
        let folder = try RunFolder(existing: "\(cache)/out/book-tiny-bigrec-msl-seed-\(seed)")
        return try folder.finalFigures(recommender: nil).ndcg[1]
      }
      let (mean, deviation) = SeedReport.spread(values)
      #expect(rows[4][2] == String(format: "%.4f ± %.4f", mean, deviation))
      #expect(report.contains("- not the paper's conditions, so that only trends compare: "))
      #expect(report.contains("tiny in place of Llama-3.2-3B; 48 training windows instead of"))
      #expect(report.contains("12 test rows instead of 4383 (Book)"))
      #expect(try String(contentsOfFile: "\(cache)/out/table2.md", encoding: .utf8) == report)
    }
  }

  @Test func whatHasEndedIsUsedAndWhatHasNotGoesOn() throws {
    try withBook { cache in
      let whole = try reproduce(.table2, output: "whole", cache: cache)
      let interruption = Interruption()
      #expect(throws: ReproductionInterrupted.self) {
        try reproduce(.table2, cache: cache, interruption: interruption) { event in
          if case .began("epoch 2 of 2", _, _, _) = event { interruption.request() }
        }
      }
      let folder = try RunFolder(existing: "\(cache)/out/book-tiny-bigrec-sft-seed-42")
      #expect(folder.report == nil)
      let plan = try plan(.table2, cache: cache)
      #expect(plan.runs.map(\.state) == [.finished, .unfinished, .new, .new])
      var notices: [String] = []
      let report = try reproduce(.table2, cache: cache) {
        if case .notice(let text) = $0 { notices.append(text) }
      }
      #expect(report == whole)
      #expect(
        notices.filter { $0.hasSuffix("seed-42") }
          == [
            "BIGRec: book-tiny-bigrec-sft", "MSL: book-tiny-bigrec-msl",
            "BEAR: book-tiny-bigrec-bear",
          ]
          .map { $0 + "-seed-42" })
      #expect(notices.contains { $0.hasPrefix("continuing after step ") })
      var others = 0
      #expect(try reproduce(.table2, cache: cache) { _ in others += 1 } == whole)
      #expect(others == 0)
      // Another target finds its runs done.
      #expect(
        try reproduce(.figure3, methods: ["BEAR"], cache: cache) { _ in others += 1 }
          .contains("| BEAR "))
      #expect(others == 0)
    }
  }

  @Test func aFolderWithAnotherRunIsRefused() throws {
    try withBook { cache in
      _ = try reproduce(.table2, methods: ["MSL"], cache: cache)
      #expect {
        try reproduce(
          .table2, methods: ["MSL"], settings: ["training.learning-rate=0.5"], cache: cache)
      } throws: { error in
        guard case .otherSettings(_, let differing) = error as? ReproductionError else {
          return false
        }
        return differing == ["learning-rate: 0.02"]
      }
    }
  }

  @Test func timesAndDiagnosesHaveColumnsOfTheirOwn() throws {
    try withBook { cache in
      let figure9 = try reproduce(.figure9, methods: ["MSL", "BEAR"], cache: cache)
      let rows = figure9.split(separator: "\n").filter { $0.hasPrefix("| ") }.map(cells)
      #expect(rows[0] == ["method", "s/epoch", "× first row", "NDCG@10 paper", "ours"])
      #expect(rows[2][2] == "1.00" && rows[2][3] == "0.0117")
      #expect(figure9.contains("too few epochs (2) for the median of three"))
      let without = try reproduce(.figure6, methods: ["MSL", "BEAR"], cache: cache)
      #expect(without.contains("| MSL    |    – |     – |"), "\(without)")
      #expect(without.contains("- PR@5, PR@10: not measured"))
      var asked: [String] = []
      let figure6 = try reproduce(
        .figure6, methods: ["MSL", "BEAR"], cache: cache,
        diagnosis: { experiment, _, _ in
          asked.append(experiment.description.objective.name)
          let isBEAR = experiment.description.objective.name == "bear"
          return [
            "PR@5": isBEAR ? 0.25 : 0.5, "PR@10": 1, "targets@5": 4, "targets@10": isBEAR ? 6 : 9,
          ]
        })
      #expect(figure6.contains("| MSL    | 0.5000 | 1.0000 |"), "\(figure6)")
      #expect(figure6.contains("| BEAR   | 0.2500 | 1.0000 |"))
      #expect(figure6.contains("of a run: 4 at K = 5, 6 to 9 at K = 10\n"), "\(figure6)")
      // It is kept.
      let again = try reproduce(
        .figure6, methods: ["MSL", "BEAR"], cache: cache, diagnosis: { _, _, _ in [:] })
      #expect(again == figure6 && asked == ["msl", "bear"])
    }
  }

  /// Measured, but no target is where beam search could lose it.
  @Test func aDiagnosisOfNoTargetsIsOneAllTheSame() throws {
    try withBook { cache in
      let figure6 = try reproduce(
        .figure6, methods: ["MSL"], cache: cache,
        diagnosis: { _, _, _ in ["targets@5": 0, "targets@10": 0] })
      #expect(!figure6.contains("not measured"), "\(figure6)")
      #expect(figure6.contains("of a run: 0 at K = 5, 0 at K = 10\n"))
    }
  }

  /// A preference objective goes on from the SFT run of the same data, model and seed.
  @Test func preferencesStartFromTheSFTRun() throws {
    try withBook { cache in
      let settings = ["training.epochs=1", "training.samples=16"]
      let plan = try plan(
        .figure7, seeds: [1, 2], methods: ["S-DPO"], settings: settings, cache: cache)
      #expect(
        plan.runs.map(\.name) == [
          "book-tiny-bigrec-sft-seed-1", "book-tiny-bigrec-s-dpo-seed-1",
          "book-tiny-bigrec-sft-seed-2", "book-tiny-bigrec-s-dpo-seed-2",
        ])
      for (start, run) in [(0, 1), (2, 3)] {
        #expect(
          plan.runs[run].description.general.values["init-from"] == .text(plan.runs[start].path))
      }
      let report = try reproduce(
        .figure7, methods: ["S-DPO"], settings: settings, cache: cache)
      let rows = report.split(separator: "\n").filter { $0.hasPrefix("| ") }.map(cells)
      #expect(rows.map(\.[0]) == ["method", "---", "S-DPO"])
      let yaml = try String(
        contentsOfFile: "\(cache)/out/book-tiny-bigrec-s-dpo-seed-42/run.yaml", encoding: .utf8)
      #expect(yaml.contains("init-from-sha256: "))
    }
  }

  @Test func theMedianIsTheMiddle() {
    #expect(RunMeasurements.median([]) == nil)
    #expect(RunMeasurements.median([3, 1, 2]) == 2)
    #expect(RunMeasurements.median([4, 1, 2, 3]) == 2.5)
  }

  // MARK: Support

  /// A cache whose tiny data set is called as one of the paper.
  private func withBook(_ body: (String) throws -> Void) throws {
    try withCompute(threads: 1) {
      try withTinyCache { cache in
        try FileManager.default.moveItem(
          atPath: "\(cache)/datasets/tiny", toPath: "\(cache)/datasets/book")
        try body(cache)
      }
    }
  }

  private func plan(
    _ target: ReproductionTarget, seeds: [Int] = [42],
    methods: [String] = ["SASRec", "BIGRec", "MSL", "BEAR"], settings: [String] = [],
    output: String = "out", cache: String
  ) throws -> ReproductionPlan {
    var request = ReproductionRequest(
      datasets: ["book"], models: ["tiny"], seeds: seeds, methods: methods,
      output: "\(cache)/\(output)")
    for text in [
      "training.samples=48", "training.epochs=2", "training.learning-rate=0.02",
      "training.batch-size=8", "evaluation.users=12", "lora.targets=q_proj,v_proj",
      "precision=f32",
    ] + (methods.contains("SASRec") ? ["SASRec:recommender.epochs=2"] : []) + settings {
      try request.add(parsing: text)
    }
    return try ReproductionPlan(target, request, registry: .builtin())
  }

  @discardableResult
  private func reproduce(
    _ target: ReproductionTarget, seeds: [Int] = [42],
    methods: [String] = ["SASRec", "BIGRec", "MSL", "BEAR"], settings: [String] = [],
    output: String = "out", cache: String, interruption: Interruption = Interruption(),
    observer: @escaping (RunEvent) -> Void = { _ in }, diagnosis: Reproduction.Diagnosis? = nil
  ) throws -> String {
    let plan = try plan(
      target, seeds: seeds, methods: methods, settings: settings, output: output, cache: cache)
    return try Reproduction(
      plan, registry: .builtin(), resources: ResourceLocator(cache: cache), diagnosis: diagnosis
    ).run(interruption: interruption, observer: observer)
  }

  private func cells(_ line: Substring) -> [String] {
    line.split(separator: "|").map {
      let cell = $0.trimmingCharacters(in: .whitespaces)
      return cell.allSatisfy { "-:".contains($0) } ? "---" : cell
    }
  }
}
