import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabEvaluation
@testable import BearLabRun

/// The arithmetic of the official evaluation script, written anew from section 8.1 of the method
/// specification: texts without their first and last character, compared as they are.
private enum OfficialScript {
  static func metrics(_ file: Data) throws -> [String: Double] {
    let rows = try #require(JSONSerialization.jsonObject(with: file) as? [[String: Any]])
    let places = try rows.map { row in
      let target = stripped(try #require(row["output"] as? String))
      let predictions = try #require(row["predict"] as? [String]).map(stripped)
      return predictions.firstIndex(of: target) ?? Int.max
    }
    var figures: [String: Double] = [:]
    for k in [1, 5, 10] {
      let hits = places.filter { $0 < k }
      var gain = 0.0
      for place in hits { gain += 1 / log2(Double(place) + 2) }
      figures["hr@\(k)"] = Double(hits.count) / Double(places.count)
      figures["ndcg@\(k)"] = gain / Double(places.count)
    }
    return figures
  }

  /// Unicode scalars, as Python compares.
  private static func stripped(_ text: String) -> [Unicode.Scalar] {
    Array(text.unicodeScalars.dropFirst().dropLast())
  }
}

@Suite struct OfficialScriptTests {
  private func named(_ figures: RankingFigures) -> [String: Double] {
    var named: [String: Double] = [:]
    for (place, k) in RankingMetrics.cutoffs.enumerated() {
      named["hr@\(k)"] = figures.hr[place]
      named["ndcg@\(k)"] = figures.ndcg[place]
    }
    return named
  }

  /// The script globs `predict*CBS.json` in the run's folder, and must print the run's figures.
  @Test(arguments: [
    ("bear", "predict_tiny_40_customCBS.json"), ("sft", "predict_tiny_40_CBS.json"),
  ])
  func theOfficialScriptReadsOurFilesAndPrintsOurFigures(
    objective: String, expected: String
  ) throws {
    let run = try tinyRun([
      "objective=\(objective)", "evaluation.users=40", "training.samples=96",
    ])
    let names = run.files.keys.filter { $0.hasPrefix("predict") && $0.hasSuffix("CBS.json") }
    #expect(names.sorted() == [expected])
    let file = try #require(run.files[expected])
    let figures = try #require(run.table.rows.last).figures
    #expect(figures.hr[2] > figures.hr[1] && figures.hr[1] > figures.hr[0])
    #expect(try OfficialScript.metrics(file) == named(figures.all))
    // Others read and write such files with other spaces, escapes and orders of keys.
    let object = try JSONSerialization.jsonObject(with: file)
    let again = try JSONSerialization.data(withJSONObject: object)
    #expect(try OfficialScript.metrics(again) == named(figures.all))
    try withTemporaryFolder(["theirs.json": String(decoding: again, as: UTF8.self)]) { folder in
      let scored = try Rescore(
        file: "\(folder)/theirs.json", registry: .builtin(),
        resources: ResourceLocator(cache: folder))
      #expect(scored.all == figures.all)
    }
  }

  /// With text matching the file holds what the official decoding leaves of titles.
  @Test(arguments: TitleMatch.allCases)
  func bothMatchesAgreeWithTheScript(match: TitleMatch) throws {
    let catalogue = Catalogue(itemTitles: ["A", "So ?", "So?", "B n't", "B", "C  ."])
    let matcher = TitleMatcher(catalogue: catalogue, seenTitles: [0, 1], match: match) { tokens in
      "\"\(tokens.map { catalogue.titles[Int($0)] }.joined(separator: " ."))\""
    }
    var random = SeededGenerator(5)
    let rows = (0..<200).map { user in
      let answers = (0..<6).shuffled(using: &random).prefix(4).map { title in
        Bool.random(using: &random)
          ? RankedAnswer(ScoredTitle(title: title, score: 0))
          : RankedAnswer(tokens: [Int32(title), 0].dropLast(title % 2), score: 0)
      }
      let window = Window(
        user: user, history: [1], target: Int.random(in: 1...6, using: &random), timestamp: 0)
      return matcher.row(window, ranked: Array(answers), negativeLogLikelihood: nil)
    }
    let evaluation = Evaluation(rows: rows)
    let text = try Predictions.json(
      evaluation, phrases: PromptPhrases(instruction: "", historyPhrase: ""), matcher: matcher,
      length: 10)
    let figures = EvaluationFigures(evaluation, name: "x", split: "test")
    #expect(figures.hr[2] > 0.2 && (figures.validShare ?? 0) < 0.9)
    #expect(try OfficialScript.metrics(Data(text.utf8)) == named(figures.all))
  }
}
