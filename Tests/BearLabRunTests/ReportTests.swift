import BearLabCore
import BearLabEvaluation
import Foundation
import Testing

@testable import BearLabRun

@Suite struct ReportTests {
  /// One right answer in first place, one in third, one missing.
  private let evaluation = Evaluation(
    rows: [[0, 1, 2], [1, 2, 0], [1]].map { titles in
      Evaluation.Row(
        window: Window(user: 1, history: [2, 3], target: 1, timestamp: 0), target: 0,
        ranked: titles.enumerated().map {
          RankedAnswer(ScoredTitle(title: $1, score: -Float($0) / 2))
        },
        negativeLogLikelihood: 1.5, isSeen: titles.count < 3,
        rank: titles.firstIndex(of: 0))
    })
  private let catalogue = Catalogue(itemTitles: ["A \"b\" / é", "C", "D"])

  /// As GitHub and others read a cell: `\|` is a bar of it, and a backslash before that its own.
  @Test func barsOfCellsAreEscaped() {
    let table = MarkdownTable(header: ["a|b", "c"], rows: [["x", "\\|"], ["y\\", "||"]])
    #expect(
      table.text == #"""
        | a\|b |    c |
        | ---- | ---: |
        | x    | \\\| |
        | y\   | \|\| |

        """#)
  }

  /// NDCG@5 = (1 + 1/2) / 3; Wilson's interval of 2 in 3.
  @Test func theTableIsAlignedMarkdown() {
    let unmeasured = Evaluation(rows: [])
    let table = ReportTable(
      rows: [("bear", evaluation), ("nothing at all", unmeasured)].map {
        .init($0, EvaluationFigures($1, name: $0, split: "test"))
      }, rowsEvaluated: 3,
      titleCount: 3)
    #expect(
      table.text == """
        | model          | NDCG@1 | NDCG@5 | NDCG@10 |   HR@1 |   HR@5 |  HR@10 |   HR@10, 95 % | item NLL |
        | -------------- | -----: | -----: | ------: | -----: | -----: | -----: | ------------: | -------: |
        | bear           | 0.3333 | 0.5000 |  0.5000 | 0.3333 | 0.6667 | 0.6667 | 0.2077–0.9385 |    1.500 |
        | nothing at all | 0.0000 | 0.0000 |  0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0000–1.0000 |        – |

        3 test rows; item NLL in nats under the constrained soft-max; guessing uniformly among 3 \
        titles costs 1.099; protocol: consistent; precision: f32

        | model          | targets | rows | NDCG@10 | NDCG@10, 95 % |  HR@10 |   HR@10, 95 % |
        | -------------- | ------: | ---: | ------: | ------------: | -----: | ------------: |
        | bear           |    seen |    1 |  0.0000 | 0.0000–0.7935 | 0.0000 | 0.0000–0.7935 |
        | bear           |  unseen |    2 |  0.7500 | 0.1979–0.9733 | 1.0000 | 0.3424–1.0000 |
        | nothing at all |    seen |    0 |       – |             – |      – |             – |
        | nothing at all |  unseen |    0 |       – |             – |      – |             – |

        seen: the target's title is in training, in a history or as a target; all answers are titles \
        of the catalogue

        """)
  }

  /// Models that answer with texts are named.
  @Test func answersThatAreNoTitlesAreCounted() {
    let answers = [RankedAnswer(tokens: [1], score: 0), RankedAnswer(.init(title: 0, score: 0))]
    let free = Evaluation(rows: [
      Evaluation.Row(
        window: Window(user: 1, history: [2], target: 1, timestamp: 0), target: 0,
        ranked: answers, negativeLogLikelihood: nil, isSeen: true, rank: 1)
    ])
    let table = ReportTable(
      rows: [("bear", evaluation), ("free", free)].map {
        .init($0, EvaluationFigures($1, name: $0, split: "test"))
      }, rowsEvaluated: 3, titleCount: 3)
    #expect(
      table.text.hasSuffix("titles of the catalogue: free 0.5000; of the others 1\n"))
  }

  @Test func predictionsHaveTheOfficialLayout() throws {
    let text = try json(evaluation)
    #expect(text.hasSuffix("]\n") && text.contains(#""\"A \"b\" / é\"""#))
    #expect(
      text.hasPrefix(
        """
        [
            {
                "instruction": "Next?",
                "input": "Seen: \\"C\\", \\"D\\"\\n ",
                "output": "\\"A \\"b\\" / é\\"",
                "predict": [
                    "\\"A \\"b\\" / é\\"",
        """))
    let rows = try JSONDecoder().decode([PredictionRow].self, from: Data(text.utf8))
    #expect(rows.count == 3)
    #expect(rows[0].instruction == "Next?")
    #expect(rows[0].input == "Seen: \"C\", \"D\"\n ")
    #expect(rows[0].output == "\"A \"b\" / é\"")
    #expect(rows[1].predict == ["\"C\"", "\"D\"", "\"A \"b\" / é\""])
    #expect(rows[1].predict_scores == [0, -0.5, -1])
    #expect(rows[2].predict == ["\"C\"", "", ""])
    let lowest = -Double(Float.greatestFiniteMagnitude)
    #expect(rows[2].predict_scores == [0, lowest, lowest])
    #expect(try json(Evaluation(rows: [])) == "[\n\n]\n")
  }

  private func json(_ evaluation: Evaluation, match: TitleMatch = .leaf) throws -> String {
    try Predictions.json(
      evaluation, phrases: PromptPhrases(instruction: "Next?", historyPhrase: "Seen: "),
      matcher: TitleMatcher(catalogue: catalogue, seenTitles: [], match: match) { tokens in
        tokens == [7] ? "\"no . title\"" : "cut \"off"
      }, length: 3)
  }

  /// Texts are quoted once; scores that JSON lacks become the lowest that it has.
  @Test func answersThatAreNoTitlesAreWrittenAsText() throws {
    let free = Evaluation(rows: [
      Evaluation.Row(
        window: Window(user: 1, history: [2], target: 1, timestamp: 0), target: 0,
        ranked: [
          RankedAnswer(tokens: [7], score: -0.1), RankedAnswer(tokens: [8], score: -.infinity),
        ], negativeLogLikelihood: nil, isSeen: true, rank: nil)
    ])
    let rows = try JSONDecoder().decode([PredictionRow].self, from: Data(json(free).utf8))
    #expect(rows[0].predict == ["\"no . title\"", "\"cut \"off\"", ""])
    let lowest = -Double(Float.greatestFiniteMagnitude)
    #expect(rows[0].predict_scores == [Double(Float(-0.1)), lowest, lowest])
    // As the official script decodes.
    let cleaned = try json(free, match: .text)
    #expect(cleaned.contains(#""\"no. title\"""#))
  }

  @Test(arguments: [
    ("Book", 12, ConstraintMode.after, "predict_Book_12_CBS.json"),
    ("ml-100k", 5000, .before, "predict_ml-100k_5000_customCBS.json"),
    ("../my data", 0, .before, "predict_..-my-data_0_customCBS.json"),
  ])
  func officialFilesBearDataSetAndRows(
    dataset: String, rows: Int, constraint: ConstraintMode, expected: String
  ) {
    #expect(
      Predictions.officialName(dataset: dataset, rows: rows, constraint: constraint) == expected)
  }

  /// Every line has every key, in a fixed order; numbers are the shortest that read back.
  @Test func rowsAreLinesToCompareRunsBy() throws {
    let rows = [
      Evaluation.Row(
        window: Window(user: 7, history: [1], target: 3, timestamp: 99), target: 2, ranked: [],
        negativeLogLikelihood: 0.1, isSeen: true, rank: 4),
      Evaluation.Row(
        window: Window(user: 8, history: [1], target: 1, timestamp: 5), target: 0, ranked: [],
        negativeLogLikelihood: nil, isSeen: false, rank: nil),
    ]
    #expect(
      try RowResults.text(of: Evaluation(rows: rows)) == """
        {"item_nll":0.1,"rank":4,"seen":true,"target":3,"timestamp":99,"title":2,"user":7}
        {"item_nll":null,"rank":null,"seen":false,"target":1,"timestamp":5,"title":0,"user":8}

        """)
  }
}

@Suite struct PluginListingTests {
  private struct Stub: Objective {
    static let summary = "does nothing"
    static let citation = "nobody, 2026"
    static let parameters: [Parameter] = [
      .real("alpha", default: 0.5, in: 0...1, unit: "nats", "a share"),
      .choice("mode", default: "slow", of: ["slow", "fast"], "how"),
      .flag("dry", default: false, "whether"),
      .text("note", default: "", "what"),
    ]
    init(_ values: ParameterValues) throws {}
    var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }
    func loss(_ batch: AnswerBatch) throws -> LossTerms { throw CancellationError() }
  }

  private struct Plain: Metric {
    static let summary = "counts"
    init(_ values: ParameterValues) throws {}
    func gain(rank: Int?) -> Double { 0 }
  }

  private enum Module: PluginModule {
    static func register(in registry: PluginRegistry) throws {
      try registry.register(objective: "stub", Stub.self)
      try registry.register(objective: "longer-stub", Stub.self)
      try registry.register(metric: "plain", Plain.self)
    }
  }

  private func registry() throws -> PluginRegistry {
    let registry = PluginRegistry()
    try registry.add(Module.self)
    return registry
  }

  @Test func kindsAreListedWithAlignedSummaries() throws {
    let all = try PluginListing.list(registry(), kind: nil)
    let objectives = "objective\n  longer-stub  does nothing\n  stub         does nothing"
    #expect(
      all == """
        backbone
          (none yet)

        \(objectives)

        decoder
          (none yet)

        recommender
          (none yet)

        sampler
          (none yet)

        metric
          plain  counts

        dataset
          (none yet)
        """)
    #expect(try PluginListing.list(registry(), kind: "objective") == objectives)
    #expect(try PluginListing.list(registry(), kind: "objectives") == objectives)
  }

  @Test func parametersAreDescribed() throws {
    #expect(
      try PluginListing.describe(registry(), kind: "objective", name: "stub") == """
        objective stub: does nothing
        source: nobody, 2026
        from: BearLabRunTests
        parameters:
          objective.alpha  (default 0.5, in nats)
              a share; accepts a real number from 0.0 to 1.0
          objective.mode  (default slow)
              how; accepts one of slow, fast
          objective.dry  (default false)
              whether; accepts true or false
          objective.note  (default none)
              what; accepts text
        """)
    #expect(
      try PluginListing.describe(registry(), kind: "metrics", name: "plain")
        == "metric plain: counts\nfrom: BearLabRunTests\nparameters: none")
    let section = try PluginListing.describe(registry(), kind: "section", name: "general")
    #expect(
      section.hasPrefix("section general of a run\nparameters:\n  protocol  (default consistent)"))
  }

  @Test func mistakesAreNamed() throws {
    let registry = try registry()
    let kind = try #require(throws: PluginListingError.self) {
      _ = try PluginListing.list(registry, kind: "objektive")
    }
    #expect(kind.remedy.hasPrefix("did you mean objective? known: "))
    #expect(!kind.remedy.contains("section"))
    let either = try #require(throws: PluginListingError.self) {
      _ = try PluginListing.describe(registry, kind: "sektion", name: "lora")
    }
    #expect(either.remedy.hasPrefix("did you mean section? known: "))
    #expect(
      throws: RegistryError.unknown(
        kind: "section", name: "x", known: ["general", "training", "lora", "evaluation"])
    ) { _ = try PluginListing.describe(registry, kind: "section", name: "x") }
    #expect(
      throws: RegistryError.unknown(
        kind: "objective", name: "stab", known: ["longer-stub", "stub"])
    ) { _ = try PluginListing.describe(registry, kind: "objectives", name: "stab") }
  }

  @Test func builtinPluginsAreThere() throws {
    let registry = try PluginRegistry.builtin()
    #expect(registry.backbones.names.contains("bigrec"))
    #expect(
      registry.objectives.names == [
        "beam-aware", "bear", "cft", "d2lr", "dpo", "igd", "msl", "rose-po", "s-dpo", "s-dpo-bear",
        "sft", "sprec",
      ])
    #expect(registry.weightedObjectives == ["cft", "d2lr", "igd", "msl", "sft"])
    #expect(registry.factorObjectives == ["bear"])
    #expect(registry.decoders.names.contains("constrained-beam"))
    #expect(registry.recommenders.names.contains("popularity"))
    #expect(registry.metrics.names == ["hr", "ndcg"])
    #expect(registry.datasets.names == ["ml-100k", "official", "synthetic"])
    for group in registry.catalogue {
      for entry in group.entries {
        #expect(!entry.type.summary.isEmpty, "\(entry.name)")
        // Defaults are within their own ranges.
        #expect(throws: Never.self) {
          _ = try ParameterValues([:], for: entry.type.parameters, owner: entry.name)
        }
      }
    }
  }
}
