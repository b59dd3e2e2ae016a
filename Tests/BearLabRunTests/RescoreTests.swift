import BearLabCore
import BearLabEvaluation
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

@Suite struct RescoreTests {
  private func rescore(
    _ text: String, dataset: String? = nil, match: String? = nil
  ) throws -> Rescore {
    try withTinyCache { cache in
      let file = "\(cache)/theirs.json"
      try Data(text.utf8).write(to: URL(filePath: file))
      return try Rescore(
        file: file, dataset: dataset, match: match, registry: .builtin(),
        resources: ResourceLocator(cache: cache))
    }
  }

  private func row(_ output: String, _ predict: [String]) -> PredictionFile.Row {
    PredictionFile.Row(output: "\"\(output)\"", predict: predict.map { "\"\($0)\"" })
  }

  /// As Python writes them: bare NaN and infinities, `null`, lists of any length, no scores at all.
  @Test func filesOfOthersAreRead() throws {
    let scored = try rescore(
      """
      [{"instruction": "i", "input": "x\\n ", "output": "\\"A \\u00e9\\"",
        "predict": ["\\"B\\"", "\\"A é\\"", "", ""],
        "predict_scores": [-0.5, NaN, -Infinity, Infinity]},
       {"output": "\\"B\\"", "predict": ["\\"B\\""], "scores": [null], "more": {"x": []}},
       {"output": "\\"C\\"", "predict": []}]
      """)
    let (third, twoThirds) = (1.0 / 3, 2.0 / 3)
    #expect(scored.all.hr == [third, twoThirds, twoThirds])
    let gain = 1 / log2(3.0) + 1
    #expect(scored.all.ndcg[1] == gain / 3)
    #expect((scored.answers, scored.distinct, scored.repeated) == (3, 2, 0))
    #expect(scored.split == nil && scored.validShare == nil && scored.match == "as-is")
    #expect(
      scored.notices == ["no list has more than 2 answers: figures at 10 count no further ones"])
  }

  /// "" pads a list; an empty title has its quotes.
  @Test func paddingIsNoAnswer() {
    let padded = PredictionFile.Row(output: "\"\"", predict: ["", "\"\""])
    #expect(Rescore([padded], titles: nil, rule: nil).all.hr == [0, 1, 1])
    #expect(Rescore([padded], titles: nil, rule: nil).answers == 1)
  }

  private func index(_ titles: [String]) -> TitleIndex {
    TitleIndex(
      Dataset(
        name: "x", catalogue: Catalogue(itemTitles: titles),
        phrases: PromptPhrases(instruction: "", historyPhrase: ""),
        train: [Window(user: 1, history: [1], target: 2, timestamp: 0)], trainSample: [],
        validation: [], test: []))
  }

  /// Items 1 and 2 are in training; "So ?" and "So?" tell the rules apart.
  @Test func theRulesDiffer() {
    let rows = [
      // Their decoding has cleaned the text up; "Go ?" has no twin, so that its text is its own.
      row("Go ?", ["Go?"]), row("So ?", ["So?"]), row("So ?", ["So ?"]), row("So?", ["So ?"]),
    ]
    let titles = index(["A", "B", "So ?", "So?", "Go ?"])
    func hits(_ rule: TitleMatch?) -> Double { Rescore(rows, titles: titles, rule: rule).all.hr[0] }
    #expect(hits(nil) == 0.25)
    #expect(hits(.leaf) == 0.5)
    #expect(hits(.text) == 0.25)
    func first(_ row: PredictionFile.Row, _ rule: TitleMatch) -> Double {
      Rescore([row], titles: titles, rule: rule).all.hr[0]
    }
    #expect(rows.map { first($0, .leaf) } == [1, 0, 1, 0])
    #expect(rows.map { first($0, .text) } == [0, 0, 0, 1])
  }

  @Test func theDataSetTellsSeenValidAndUnknown() {
    let rows = [
      row("A", ["B", "A", "B", "nothing"]), row("C", ["C", "A"]), row("gone", ["gone", "B"]),
    ]
    let scored = Rescore(rows, titles: index(["A", "B", "C"]), rule: .leaf)
    #expect(scored.split?.seen.rows == 1 && scored.split?.unseen.rows == 2)
    #expect(scored.split?.seen.hr == [0, 1, 1] && scored.split?.unseen.hr == [1, 1, 1])
    #expect(scored.all.rows == 3 && scored.all.hr[0] == 2.0 / 3)
    #expect(scored.validShare == 6.0 / 8)
    #expect((scored.answers, scored.distinct, scored.repeated) == (8, 5, 1))
    #expect(
      scored.notices.contains(
        "1 of 3 targets are no titles of x, the first in row 3: 'gone'; they count as unseen"))
  }

  /// Our own files come out as the run measured them, seen and unseen apart.
  @Test func aRunsFileGivesTheRunsFigures() throws {
    let run = try tinyRun(["evaluation.users=40", "training.samples=96"])
    let figures = try #require(run.table.rows.last).figures
    let text = String(decoding: try #require(run.files["predictions.json"]), as: UTF8.self)
    for match in [nil, "leaf", "text"] {
      let scored = try rescore(text, dataset: "tiny", match: match)
      #expect(scored.all == figures.all, "\(match ?? "-")")
      #expect(scored.split?.seen == figures.seen && scored.split?.unseen == figures.unseen)
      #expect(scored.validShare == 1 && scored.answers == 400 && scored.repeated == 0)
      #expect(scored.notices.isEmpty)
    }
  }

  @Test func figuresAreShownWithIntervals() throws {
    let rows = [row("A", ["A"]), row("C", ["A", "C"])]
    let scored = Rescore(rows, titles: index(["A", "B", "C"]), rule: .leaf)
    #expect(
      scored.text == """
        | metric  |    all |          95 % |   seen |          95 % | unseen |          95 % |
        | ------- | -----: | ------------: | -----: | ------------: | -----: | ------------: |
        | rows    |      2 |               |      1 |               |      1 |               |
        | NDCG@1  | 0.5000 | 0.0945–0.9055 | 1.0000 | 0.2065–1.0000 | 0.0000 | 0.0000–0.7935 |
        | NDCG@5  | 0.8155 | 0.2312–0.9848 | 1.0000 | 0.2065–1.0000 | 0.6309 | 0.0848–0.9693 |
        | NDCG@10 | 0.8155 | 0.2312–0.9848 | 1.0000 | 0.2065–1.0000 | 0.6309 | 0.0848–0.9693 |
        | HR@1    | 0.5000 | 0.0945–0.9055 | 1.0000 | 0.2065–1.0000 | 0.0000 | 0.0000–0.7935 |
        | HR@5    | 1.0000 | 0.3424–1.0000 | 1.0000 | 0.2065–1.0000 | 1.0000 | 0.2065–1.0000 |
        | HR@10   | 1.0000 | 0.3424–1.0000 | 1.0000 | 0.2065–1.0000 | 1.0000 | 0.2065–1.0000 |

        3 answers, 2 distinct, 0 repeated in their list; share that are titles: 1.0000; match: leaf

        """)
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(scored.json.utf8)) as? [String: Any])
    #expect(json["hr@1"] as? Double == 0.5 && json["seen_ndcg@10"] as? Double == 1)
    #expect(json["rows"] as? Int == 2 && json["unseen_rows"] as? Int == 1)
    let lower = try #require(json["hr@1_lower"] as? Double)
    #expect(abs(lower - BinomialInterval.wilson(successes: 1, trials: 2).lower) < 1e-15)
    #expect(json["valid_share"] as? Double == 1 && json["match"] as? String == "leaf")
    #expect(json.count == 62)
  }

  @Test(arguments: [
    (#"{"a": 1}"#, "the file: it is no array"),
    ("[]", "the array: it is empty"),
    ("[{\"output\": \"a\"}]", "row 1: the key 'predict' is missing"),
    (#"[{"output": "a", "predict": []}, {"predict": []}]"#, "row 2: the key 'output' is missing"),
    (#"[{"output": 3, "predict": []}]"#, "row 1, 'output': it is no text"),
    (#"[{"output": null, "predict": []}]"#, "row 1, 'output': it is no text"),
    (#"[{"output": "a", "predict": "b"}]"#, "row 1, 'predict': it is no array"),
    (#"[{"output": "a", "predict": ["b", 4]}]"#, "row 1, 'predict', entry 2: it is no text"),
    (#"[{"output": "a", "predict": ["b"]}"#, "the file: it is no JSON, or a part of it"),
    ("", "the file: it is no JSON, or a part of it"),
  ])
  func mistakesAreNamedByRowAndKey(text: String, expected: String) throws {
    let error = try #require(throws: RescoreError.self) { _ = try rescore(text) }
    #expect(
      error.description.contains("theirs.json holds no predictions: \(expected)"), "\(error)")
  }

  @Test func mistakesInTheChoiceAreNamed() throws {
    #expect(throws: RescoreError.unknownMatch("leave")) { try rescore("[]", match: "leave") }
    #expect(RescoreError.unknownMatch("leave").remedy.hasPrefix("did you mean leaf? known: "))
    #expect(throws: RescoreError.leafWithoutDataset) { try rescore("[]", match: "leaf") }
    let error = try #require(throws: (any Error).self) {
      _ = try Rescore(
        file: "no/such/file", registry: .builtin(), resources: ResourceLocator(cache: ""))
    }
    #expect((error as? any BearLabError)?.description.hasPrefix("no/such/file: cannot be") == true)
  }
}
