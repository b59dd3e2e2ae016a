import BearLabCore
import Foundation
import Testing

@testable import BearLabEvaluation

/// Each replacement, their order, and what is left alone.
@Test(arguments: [
  ("a . b ? c ! d , e", "a. b? c! d, e"), ("rock ' n ' roll", "rock'n'roll"),
  ("do n't", "don't"), ("I 'm", "I'm"), ("it 's", "it's"), ("we 've", "we've"),
  ("you 're", "you're"),
  // " ' " goes before " 's" is looked for, each pattern once over the whole text.
  ("a ' s", "a's"), ("a  .", "a ."), (" . .", ".."), ("a 'n b", "a 'n b"), ("", ""),
  ("a.b, \"c\" - 'd'", "a.b, \"c\" - 'd'"),
  // Not characters but bytes: the accent is no part of the full stop.
  ("a .\u{301}", "a.\u{301}"),
])
func cleanUpTakesSpacesOut(text: String, expected: String) {
  #expect(Array(TitleMatch.cleanUp(text).utf8) == Array(expected.utf8))
}

@Suite struct TitleMatcherTests {
  private let catalogue = Catalogue(itemTitles: ["A", "So ?", "So?", "B", "A"])

  /// Tokens are bytes.
  private func matcher(_ match: TitleMatch) -> TitleMatcher {
    TitleMatcher(catalogue: catalogue, seenTitles: [0, 2], match: match) {
      String(decoding: $0.map { UInt8($0) }, as: UTF8.self)
    }
  }

  private func evaluation(_ ranked: [RankedAnswer], _ match: TitleMatch, target: Int) -> Evaluation
  {
    let window = Window(user: 1, history: [1], target: target, timestamp: 0)
    return Evaluation(rows: [
      matcher(match).row(window, ranked: ranked, negativeLogLikelihood: nil)
    ])
  }

  private func titles(_ numbers: [Int]) -> [RankedAnswer] {
    numbers.map { RankedAnswer(ScoredTitle(title: $0, score: 0)) }
  }

  private func text(_ text: String) -> RankedAnswer {
    RankedAnswer(tokens: text.utf8.map(Int32.init), score: 0)
  }

  /// "So ?" is written as "So?": never right for its own target, and right for the other's.
  @Test func aTitleThatTheCleanUpChangesIsNoHit() {
    let list = titles([3, 1, 2])
    #expect(evaluation(list, .leaf, target: 2).rows[0].rank == 1)
    #expect(evaluation(list, .text, target: 2).rows[0].rank == nil)
    #expect(evaluation(list, .leaf, target: 3).rows[0].rank == 2)
    #expect(evaluation(list, .text, target: 3).rows[0].rank == 1)
    #expect(evaluation(list, .text, target: 4).rows[0].rank == 0)
  }

  @Test func itemsThatShareATitleAreOne() {
    #expect(evaluation(titles([3, 0]), .leaf, target: 5).rows[0].rank == 1)
    #expect(evaluation(titles([3, 0]), .leaf, target: 5).rows[0].isSeen)
    #expect(!evaluation(titles([3, 0]), .leaf, target: 4).rows[0].isSeen)
  }

  /// Whatever its tokens, an answer that reads as a title is that title.
  @Test func textsThatAreTitlesAreTitles() {
    let list = [text("\"B"), text("\"nothing\""), text("\"B\""), text("So ?")]
    let row = evaluation(list, .leaf, target: 4).rows[0]
    #expect(row.ranked.map(\.title) == [nil, nil, 3, 1])
    #expect(row.rank == 2)
    #expect(evaluation(list, .leaf, target: 4).validShare == 0.5)
    #expect(
      row.ranked.map(matcher(.leaf).text) == ["\"B", "nothing", "B", "So ?"])
    #expect(
      row.ranked.map(matcher(.text).text) == ["\"B", "nothing", "B", "So?"])
  }

  /// What is no title is still compared as text.
  @Test func otherTextsCanMatchAfterTheCleanUp() {
    #expect(evaluation([text("\"So  ?\"")], .text, target: 2).rows[0].rank == 0)
    #expect(evaluation([text("\"So  ?\"")], .leaf, target: 2).rows[0].rank == nil)
  }

  @Test(arguments: [
    ("\"a\"", "a"), ("\"\"", ""), ("\"", "\""), ("", ""), ("a\"", "a\""), ("\"a", "\"a"),
    ("\"\"a\"\"", "\"a\""),
  ])
  func quotesGoInPairs(text: String, expected: String) {
    #expect(TitleMatcher.unquoted(text) == expected)
  }

  @Test func titlesAreToldApartByBytes() {
    let catalogue = Catalogue(itemTitles: ["\u{E9}", "e\u{301}"])
    let matcher = TitleMatcher(catalogue: catalogue, seenTitles: []) { _ in "" }
    #expect(matcher.title("\u{E9}") == 0)
    #expect(matcher.title("e\u{301}") == 1)
    #expect(matcher.title("e") == nil)
  }
}

@Suite struct EvaluationFiguresTests {
  /// Ranks 0, 2 and none of seen targets, 9 of an unseen one; one of five answers is no title.
  private func figures(itemNLL: Float? = 1.5, answers: [RankedAnswer]? = nil) -> EvaluationFigures {
    let ranks: [(rank: Int?, isSeen: Bool)] = [(0, true), (9, false), (2, true), (nil, true)]
    let own = answers ?? [0, 1, 2, 3].map { RankedAnswer(ScoredTitle(title: $0, score: 0)) }
    let rows = ranks.map { rank, isSeen in
      Evaluation.Row(
        window: Window(user: 1, history: [1], target: 1, timestamp: 0), target: 0,
        ranked: own + (answers == nil ? [RankedAnswer(tokens: [1], score: 0)] : []),
        negativeLogLikelihood: itemNLL, isSeen: isSeen, rank: rank)
    }
    return EvaluationFigures(Evaluation(rows: rows), name: "zero-shot", split: "test")
  }

  @Test func seenAndUnseenTargetsAreMeasuredApart() {
    let figures = figures()
    #expect(figures.rows == 4 && figures.seen.rows == 3 && figures.unseen.rows == 1)
    #expect(figures.hr == [0.25, 0.5, 0.75])
    let (third, half) = (1.0 / 3, 1.5 / 3)
    #expect(figures.seen.hr == [third, 2 * third, 2 * third])
    #expect(figures.unseen.hr == [0, 0, 1])
    #expect(figures.seen.ndcg == [third, half, half])
    #expect(abs(figures.unseen.ndcg[2] - 0.289065) < 1e-6)
    #expect(figures.validShare == 0.8)
    #expect(figures.seen.hrIntervals[1] == .wilson(successes: 2, trials: 3))
    #expect(figures.seen.ndcgIntervals[1] == .score(mean: 0.5, count: 3))
  }

  @Test(arguments: [(1.5, 1), (nil, 0)] as [(Float?, Int)])
  func aLineOfMetricsHoldsThemAll(itemNLL: Float?, answers: Int) throws {
    let own = (0..<answers).map { RankedAnswer(ScoredTitle(title: $0, score: 0)) }
    let figures = figures(itemNLL: itemNLL, answers: own)
    let line = try JSONEncoder().encode(figures)
    #expect(try JSONDecoder().decode(EvaluationFigures.self, from: line) == figures)
    let object = try #require(JSONSerialization.jsonObject(with: line) as? [String: Any])
    #expect(object["seen_rows"] as? Int == 3)
    #expect(object["unseen_hr@10"] as? Double == 1)
    #expect(object["valid_share"] as? Double == (answers == 0 ? nil : 1))
    #expect((object["item_nll"] == nil) == (itemNLL == nil))
  }

  @Test func aLineOfAnotherEventIsNone() {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(EvaluationFigures.self, from: Data(#"{"event": "step"}"#.utf8))
    }
  }
}

/// Counts of section 7.2: titles that the clean-up changes, as items and as test targets.
@Test(arguments: [("office", 24, 12), ("book", 5, 1)])
func theCleanUpChangesAsManyTitlesAsTheSpecificationSays(
  name: String, items: Int, targets: Int
) throws {
  let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../shared/data/\(name)")
  guard let text = try? Data(contentsOf: folder.appending(path: "id2name4Rec.json")) else {
    print("skipped: \(folder.path) is not there")
    return
  }
  let names = try JSONDecoder().decode([String: String].self, from: text)
  let changed = Set(names.filter { TitleMatch.cleanUp($0.value) != $0.value }.keys)
  #expect(changed.count == items)
  let test = try String(contentsOf: folder.appending(path: "test.csv"), encoding: .utf8)
  let found = test.split(separator: "\n").dropFirst().count { line in
    // user,"[…, target]",time
    let target = line.split(separator: "]")[0].split(separator: ",").last
    return changed.contains(target?.trimmingCharacters(in: .whitespaces) ?? "")
  }
  #expect(found == targets)
}
