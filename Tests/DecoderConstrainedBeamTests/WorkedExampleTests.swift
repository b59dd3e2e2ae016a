import BearLabCore
import BearLabTestSupport
import Testing

@testable import DecoderConstrainedBeam

/// The items found, as 1 to 6.
private func items(
  _ constraint: ConstraintMode, _ parameters: [String: ParameterValue]
) throws -> [Int] {
  var scorer = try WorkedExample.scorer(constraint)
  let decoder = try ConstrainedBeamDecoder(parameters)
  let trie = try ItemTrie(paths: WorkedExample.paths)
  return try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map { ($0.title ?? -1) + 1 }
}

@Test(arguments: [
  (ConstraintMode.before, [-4.2766, -4.2766, -1.0835, -1.4787, -0.9787, -3.5046]),
  (ConstraintMode.after, [-11.3895, -12.2866, -8.3440, -8.4234, -13.2661, -11.3362]),
])
func theExamplesScoresAreExact(constraint: ConstraintMode, totals: [Double]) throws {
  let scorer = try WorkedExample.scorer(constraint)
  let means = zip(totals, WorkedExample.paths).map { $0 / Double($1.count) }
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
  let find = { try items(expected.constraint, $0) }
  #expect(try find(["width": width, "flavour": .text("paper")]) == expected.paper)
  #expect(try find(["width": width, "length-penalty": .real(1)]) == expected.byMean)
  #expect(try find(["width": width]) == expected.byTotal)
}
