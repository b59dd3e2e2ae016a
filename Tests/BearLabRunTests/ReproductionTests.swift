import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// What a table or figure of the paper is made of, before anything is run.
@Suite struct ReproductionTests {
  @Test func theRowsStandAsInThePaper() {
    #expect(
      ReproductionTarget.table2.layout.methods == [
        "SASRec", "BERT4Rec", "DROS", "LLM-CF", "DLLM2Rec", "BIGRec", "D3", "CFT", "D2LR", "IGD",
        "MSL", "S-DPO", "RosePO", "SPRec", "BEAR",
      ])
    #expect(
      ReproductionTarget.table3.layout.blocks.map { $0.rows.map(\.method) }
        == [["LLaRA", "MSL", "BEAR"], ["A-LLMRec", "MSL", "BEAR"]])
    #expect(ReproductionTarget.table4.layout.sizes == ["Llama-3.2-1B", "Llama-3-8B"])
    #expect(ReproductionTarget.table5.layout.methods == ["SFT", "BEAR", "Obj. (3.1)"])
    let slugs = ReproductionTarget.table2.layout.blocks[0].rows.map(\.slug)
    #expect(
      slugs == [
        "sasrec", "bert4rec", "dros", "llm-cf", "dllm2rec", "bigrec-sft", "bigrec-sft-d3",
        "bigrec-cft", "bigrec-d2lr", "bigrec-igd-igd", "bigrec-msl", "bigrec-s-dpo",
        "bigrec-rose-po", "bigrec-sprec", "bigrec-bear",
      ])
    for target in ReproductionTarget.allCases {
      for block in target.layout.blocks {
        #expect(Set(block.rows.map(\.slug)).count == block.rows.count, "\(target)")
        #expect(Set(block.rows.map(\.method)).count == block.rows.count, "\(target)")
      }
    }
  }

  @Test(arguments: [
    ("table2", "BIGRec", "SASRec", "Office", "NDCG@5", 0.0127),
    ("table2", "BIGRec", "BEAR", "Clothing", "HR@10", 0.0290),
    ("table3", "A-LLMRec", "A-LLMRec", "Book", "HR@5", 0.0153),
    ("table4", "8B", "BIGRec (8B)", "Toy", "NDCG@10", 0.0189),
    ("table5", "BIGRec", "Obj. (3.1)", "Book-S", "HR@10", 0.0200),
  ])
  func numbersAreThePapers(
    target: String, block: String, method: String, dataset: String, column: String, value: Double
  ) throws {
    let layout = try #require(ReproductionTarget(rawValue: target)).layout
    let found = try #require(layout.blocks.first { $0.name == block })
    #expect(
      found.published?.value(block: block, method: method, dataset: dataset, column: column)
        == value)
  }

  /// Every row has all its numbers, and BEAR over the best other row is what the paper prints.
  @Test(arguments: [ReproductionTarget.table2, .table3, .table4])
  func theImprovementsAreThePapers(target: ReproductionTarget) throws {
    var misprints: [String] = []
    for block in target.layout.blocks {
      for dataset in target.layout.datasets {
        for column in PublishedNumbers.columns {
          func value(_ method: String) throws -> Double {
            try #require(
              block.published?.value(
                block: block.name, method: method, dataset: dataset, column: column))
          }
          let others = try block.rows.map(\.method).filter { $0 != "BEAR" }.map(value)
          let own = try #require(Improvement.percent(of: value("BEAR"), over: others))
          // Two digits behind the point are printed.
          if abs(try own - value("Imp.%")) > 0.0101 {
            misprints.append("\(block.name) \(dataset) \(column): \(own)")
          }
        }
      }
    }
    #expect(misprints.count == (target == .table4 ? 1 : 0))
    #expect(misprints.allSatisfy { $0.hasPrefix("8B Toy NDCG@10: 6.71") }, "\(misprints)")
  }

  @Test func anImprovementNeedsSomethingToBeBetterThan() {
    #expect(Improvement.percent(of: 3, over: [1, 2]) == 50)
    #expect(Improvement.percent(of: 3, over: []) == nil)
    #expect(Improvement.percent(of: 3, over: [0]) == nil)
  }

  @Test func aDatasetIsKnownByItsLastComponent() {
    let (two, five) = (ReproductionTarget.table2.layout, ReproductionTarget.table5.layout)
    #expect(two.publishedName(ofDataset: "data/book") == "Book")
    #expect(two.publishedName(ofDataset: "ml-100k") == nil)
    #expect(five.publishedName(ofDataset: "TOY") == "Toy-S")
  }

  /// The settings of a cell, in the order in which they win.
  @Test func settingsAreThoseOfTheRowAndTheUser() throws {
    var request = ReproductionRequest(
      datasets: ["a/book"], models: ["m.gguf"], seeds: [7, 8], methods: ["SASRec", "MSL", "BEAR"],
      output: "out")
    for text in [
      "training.epochs=3", "recommender.epochs=2", "objective.lambda=0.5",
      "MSL:objective.tau=4.5", "evaluation.users=9",
    ] {
      try request.add(parsing: text)
    }
    let plan = try ReproductionPlan(.table2, request, registry: .builtin())
    #expect(
      plan.runs.map(\.name) == [
        "book-sasrec-seed-7", "book-sasrec-seed-8", "book-m-bigrec-msl-seed-7",
        "book-m-bigrec-msl-seed-8", "book-m-bigrec-bear-seed-7", "book-m-bigrec-bear-seed-8",
      ])
    #expect(plan.runs.map(\.path).first == "out/book-sasrec-seed-7")
    let (sasrec, msl, bear) = (
      plan.runs[1].description, plan.runs[2].description, plan.runs[4].description
    )
    #expect(sasrec.recommender?.values.values["epochs"] == .integer(2) && !sasrec.hasModel)
    #expect(try sasrec.seed == 8 && sasrec.evaluation["users"] as Int == 9)
    #expect(msl.objective.values.values["tau"] == .real(4.5))
    #expect(msl.training.values["epochs"] == .integer(3) && msl.model == "m.gguf")
    #expect(bear.objective.values.values["lambda"] == .real(0.5))
    #expect(bear.objective.values.values["tau"] == .real(1))
  }

  /// The file may be named for the row or for all; without one the row is refused.
  @Test func aRowThatNeedsAFileIsToldWhich() throws {
    func teacher(_ setting: String?) throws -> ParameterValue? {
      var request = ReproductionRequest(
        datasets: ["book"], methods: ["SASRec", "DLLM2Rec"], output: "out")
      if let setting { try request.add(parsing: setting) }
      let plan = try ReproductionPlan(.table2, request, registry: .builtin())
      return plan.runs[1].description.recommender?.values.values["teacher"]
    }
    #expect(try teacher("DLLM2Rec:recommender.teacher=a.h5") == .text("a.h5"))
    #expect(try teacher("recommender.teacher=a.h5") == .text("a.h5"))
    #expect {
      try teacher(nil)
    } throws: { error in
      (error as? ReproductionError)?.description
        == "row DLLM2Rec: recommender dllm2rec: there is no teacher"
    }
  }

  /// What the plan prints is what it runs.
  @Test func theCommandDescribesTheRun() throws {
    var request = ReproductionRequest(
      datasets: ["book"], methods: ["DROS", "BIGRec"], output: "out")
    try request.add(parsing: "protocol=official")
    try request.add(parsing: "training.epochs=2")
    let plan = try ReproductionPlan(.table2, request, registry: .builtin())
    for run in plan.runs {
      #expect(run.command.prefix(3) == ["run", "--output", run.path])
      let settings = try run.command.dropFirst(3).filter { $0 != "--set" }
        .map { try RunDescription.Assignment(parsing: $0) }
      let again = try RunDescription(settings, registry: .builtin())
      #expect(try again.yaml() == run.description.yaml())
    }
    #expect(plan.runs[1].description.protocolSummary == "official")
  }

  @Test func sizesWithoutAModelAreLeftOut() throws {
    func names(_ models: [String]) throws -> [String] {
      let request = ReproductionRequest(
        datasets: ["book"], models: models, methods: ["MSL"], output: "out")
      return try ReproductionPlan(.table4, request, registry: .builtin()).runs.map(\.name)
    }
    #expect(try names([]) == ["book-smollm2-135m-bigrec-msl-seed-42"])
    #expect(
      try names(["small", "large"])
        == ["book-small-bigrec-msl-seed-42", "book-large-bigrec-msl-seed-42"])
    #expect(throws: ReproductionError.tooManyModels(3, most: 2)) { try names(["a", "b", "c"]) }
  }

  @Test(arguments: [
    (["dataset=x"], [], ReproductionError.reservedSetting("dataset")),
    (["BEAR:objective=msl"], [], .reservedSetting("objective")),
    (["objective.lamda=1"], [], .unusedSetting("objective.lamda")),
    ([], ["BEER"], .unknownMethod("BEER", known: ["MSL", "BEAR"])),
  ])
  func mistakesAreRefused(
    settings: [String], methods: [String], expected: ReproductionError
  ) throws {
    var request = ReproductionRequest(datasets: ["book"], methods: methods, output: "out")
    if methods.isEmpty { request.methods = ["MSL", "BEAR"] }
    for text in settings { try request.add(parsing: text) }
    do {
      _ = try ReproductionPlan(.table2, request, registry: .builtin())
      Issue.record("\(settings) \(methods) passed")
    } catch let error as ReproductionError {
      #expect(error.description == expected.description)
      #expect(!error.remedy.isEmpty)
    }
  }

  @Test func aRowWhosePluginIsMissingIsNamed() throws {
    let registry = PluginRegistry()
    let request = ReproductionRequest(datasets: ["book"], methods: ["CFT"], output: "out")
    #expect {
      try ReproductionPlan(.table2, request, registry: registry)
    } throws: { error in
      (error as? ReproductionError)?.description == "row CFT: there is no backbone 'bigrec'"
    }
  }
}
