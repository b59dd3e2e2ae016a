import BearLabCore
import BearLabTestSupport
import Testing

@testable import DecoderConstrainedBeam

/// Section 7.2's model: logits depend on the last token p only, 12 at the root.
private enum Example {
  /// Titles 0 to 5 are the items i1 to i6; EOS is 0.
  static let paths: [[Int32]] = [
    [1, 4, 5, 0], [1, 4, 6, 0], [1, 7, 0], [2, 5, 0], [2, 8, 9, 10, 0], [3, 6, 0],
  ]

  static func scorer(_ constraint: ConstraintMode) throws -> TableScorer {
    TableScorer(trie: try ItemTrie(paths: paths), constraint: constraint) { _, prefix in
      (0...10).map { logit(of: $0, after: Int(prefix.last ?? 12)) }
    }
  }

  private static func logit(of token: Int, after last: Int) -> Double {
    let product: Int = token * last
    return Double((5 * last + 3 * token + product) % 7) / 2
  }

  /// The items found, as 1 to 6.
  static func items(
    _ constraint: ConstraintMode, _ parameters: [String: ParameterValue]
  ) throws -> [Int] {
    var scorer = try scorer(constraint)
    let decoder = try ConstrainedBeamDecoder(parameters)
    return try decoder.search(prompts: 1, in: ItemTrie(paths: paths), scorer: &scorer)[0].map {
      ($0.title ?? -1) + 1
    }
  }
}

@Test(arguments: [
  (ConstraintMode.before, [-4.2766, -4.2766, -1.0835, -1.4787, -0.9787, -3.5046]),
  (ConstraintMode.after, [-11.3895, -12.2866, -8.3440, -8.4234, -13.2661, -11.3362]),
])
func theExamplesScoresAreExact(constraint: ConstraintMode, totals: [Double]) throws {
  let scorer = try Example.scorer(constraint)
  let means = zip(totals, Example.paths).map { $0 / Double($1.count) }
  let byTitle = { (ranking: [ScoredTitle]) in
    ranking.sorted { $0.title < $1.title }.map(\.score)
  }
  #expect(largestGap(byTitle(scorer.bruteForce()), totals) < 6e-5)
  #expect(largestGap(byTitle(scorer.bruteForce { $0 / Float($1) }), means) < 6e-5)
}

struct ExpectedBeams: Sendable {
  let constraint: ConstraintMode
  let width: Int
  let paper: [Int]
  let byMean: [Int]
  let byTotal: [Int]
}

@Test(arguments: [
  ExpectedBeams(constraint: .before, width: 2, paper: [5, 3], byMean: [5, 3], byTotal: [5, 3]),
  ExpectedBeams(
    constraint: .before, width: 3, paper: [5, 3, 4], byMean: [5, 3, 4], byTotal: [5, 3, 4]),
  ExpectedBeams(constraint: .after, width: 2, paper: [3, 5], byMean: [5, 3], byTotal: [3, 5]),
  ExpectedBeams(
    constraint: .after, width: 3, paper: [3, 4, 5], byMean: [5, 3, 4], byTotal: [3, 4, 5]),
])
func bothFlavoursFindTheExpectedItems(expected: ExpectedBeams) throws {
  let width = ParameterValue.integer(expected.width)
  let find = { try Example.items(expected.constraint, $0) }
  #expect(try find(["width": width, "flavour": .text("paper")]) == expected.paper)
  #expect(try find(["width": width, "length-penalty": .real(1)]) == expected.byMean)
  #expect(try find(["width": width]) == expected.byTotal)
}

@Test func theTraceIsThatOfTheSpecification() throws {
  let trie = try ItemTrie(paths: Example.paths)
  let scorer = try Example.scorer(.before)
  var search = PooledBeamSearch(in: trie, width: 2, lengthPenalty: 1, tokenLimit: 5)
  var wanted = search.advance([])
  func step() -> (prefixes: [[Int32]], scores: [Float]) {
    wanted = search.advance(
      wanted.map {
        ChildScores(node: $0, logProbabilities: scorer.logProbabilities(prompt: 0, node: $0))
      })
    let beams = search.state.beams
    return (beams.map { trie.tokens(to: $0.position) }, beams.map(\.score))
  }
  #expect(wanted == [ItemTrie.root])
  let first = step()
  #expect(first.prefixes == [[2], [1]])
  #expect(largestGap(first.scores, [-0.5046, -1.0046]) < 6e-5)
  let second = step()
  #expect(second.prefixes == [[2, 8], [1, 7]])
  #expect(largestGap(second.scores, [-0.9787, -1.0835]) < 6e-5)
  let third = step()
  #expect(third.prefixes.first == [2, 8, 9])
  #expect(search.results.map(\.title) == [2])
  #expect(largestGap(search.results.map(\.score), [-0.3612]) < 6e-5)
  _ = step()
  #expect(search.results.map(\.title) == [2])
  _ = step()
  #expect(wanted.isEmpty)
  #expect(search.results.map(\.title) == [4, 2])
  #expect(largestGap(search.results.map(\.score), [-0.1957, -0.3612]) < 6e-5)
}
