import BearLabCore
import BearLabTestSupport
import DecoderConstrainedBeam
import Foundation
import Testing

@testable import DecoderDiverseBeam

@Test(arguments: [0.0, 0.5], [true, false])
func theDecoderKeepsTheContract(penalty: Double, persists: Bool) throws {
  let problems = try DecoderConformance.problems(catalogues: 15, isExact: false) { width in
    try DiverseBeamDecoder([
      "width": .integer(width), "groups": .integer(width.isMultiple(of: 2) ? 2 : 1),
      "penalty": .real(penalty), "penalty-persists": .flag(persists),
    ])
  }
  #expect(problems == [])
}

@Test(arguments: [0.0, 1.0], ["penalty", "groups"])
func oneGroupWithoutPenaltyIsConstrainedBeam(lengthPenalty: Double, without: String) throws {
  for seed in 0..<20 as Range<UInt64> {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(count: 40, vocabulary: 5, longest: 6, using: &random))
    let isCoarse = seed % 2 == 0
    let scorer = TableScorer(trie: trie, constraint: .before) { prompt, prefix in
      var random = SeededGenerator(
        prefix.reduce(seed &+ UInt64(prompt)) { $0 &* 31 &+ UInt64($1) &+ 1 })
      return (0..<7).map { _ in
        let logit = Double.random(in: -2...2, using: &random)
        return isCoarse ? logit.rounded() : logit
      }
    }
    let values: [String: ParameterValue] = [
      "width": .integer(4), "length-penalty": .real(lengthPenalty),
    ]
    func lists(_ decoder: any Decoder) throws -> [[RankedAnswer]] {
      var scorer = scorer
      return try decoder.search(prompts: 3, in: trie, scorer: &scorer)
    }
    // A single group has no earlier one that could penalise it.
    let own: [String: ParameterValue] = [
      "groups": .integer(1), "penalty": .real(without == "penalty" ? 0 : 3),
    ]
    let diverse = try DiverseBeamDecoder(values.merging(own) { $1 })
    #expect(try lists(diverse) == lists(try ConstrainedBeamDecoder(values)))
  }
}

/// Three titles, two groups of one beam: without a penalty both find the best.
///
/// With one the second group turns to the next best, 0.4 below it.
@Test func aPenaltyTurnsTheSecondGroupAway() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0], [3, 0]])
  func found(_ penalty: Double, _ persists: Bool) throws -> [ScoredTitle] {
    var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 0.6, -2] }
    return try DiverseBeamDecoder([
      "width": .integer(2), "groups": .integer(2), "penalty": .real(penalty),
      "penalty-persists": .flag(persists),
    ]).search(prompts: 1, in: trie, scorer: &scorer)[0].map {
      ScoredTitle(title: $0.title ?? -1, score: $0.score)
    }
  }
  let normaliser = log(exp(1) + exp(0.6) + exp(-2))
  // Both groups find title 0; the better score of the two is told.
  #expect(try found(0.3, true).map(\.title) == [0])
  #expect(try largestGap(found(0.3, true).map(\.score), [1 - normaliser]) < 1e-6)
  let apart = try found(0.5, true)
  #expect(apart.map(\.title) == [0, 1])
  #expect(largestGap(apart.map(\.score), [1 - normaliser, 0.6 - normaliser]) < 1e-6)
}

/// A forced token is penalised too: [1, 5] and [2, 5] share their second token, and EOS ends a beam.
@Test(arguments: [true, false])
func aPersistentPenaltyLowersTheScore(persists: Bool) throws {
  let trie = try ItemTrie(paths: [[1, 5, 0], [2, 5, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, 0, 0, 0, 0] }
  let found = try DiverseBeamDecoder([
    "width": .integer(2), "groups": .integer(2), "penalty": .real(0.25),
    "penalty-persists": .flag(persists),
  ]).search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [0, 1])
  // Token 5 of the second group costs 0.25; its EOS nothing, since no beam continues with one.
  let expected = [-log(2), -log(2) - (persists ? 0.25 : 0)]
  #expect(largestGap(found.map(\.score), expected) < 1e-6)
}

/// η → ∞: all first tokens differ.
@Test(arguments: [true, false])
func aLargePenaltyMakesAllGroupsBeginDifferently(persists: Bool) throws {
  let paths: [[Int32]] = (1...5).flatMap { first in (1...3).map { [first, $0, 0] } }
  let trie = try ItemTrie(paths: paths)
  for seed in 0..<10 as Range<UInt64> {
    var scorer = TableScorer(trie: trie, constraint: .before, vocabulary: 6, seed: seed)
    let found = try DiverseBeamDecoder([
      "width": .integer(5), "penalty": .real(1_000), "penalty-persists": .flag(persists),
    ]).search(prompts: 1, in: trie, scorer: &scorer)[0]
    #expect(Set(found.compactMap { $0.title.map { paths[$0][0] } }).count == 5)
  }
}

@Test func whatIsSelectedByItsPenalisedScoreKeepsItsOwn() throws {
  for seed in 0..<10 as Range<UInt64> {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(count: 40, vocabulary: 5, longest: 6, using: &random))
    var scorer = TableScorer(trie: trie, constraint: .before, vocabulary: 7, seed: seed)
    let found = try DiverseBeamDecoder(["penalty-persists": .flag(false)])
      .search(prompts: 1, in: trie, scorer: &scorer)[0]
    let totals = Dictionary(
      uniqueKeysWithValues: scorer.bruteForce().map { ($0.title, $0.score) })
    #expect(found.allSatisfy { abs($0.score - (totals[$0.title ?? -1] ?? 0)) < 1e-5 })
  }
}

@Test func groupsMustDivideTheWidth() {
  #expect(throws: DiverseBeamError.groupsDoNotDivideTheWidth(width: 10, groups: 4)) {
    try DiverseBeamDecoder(["groups": .integer(4)])
  }
  #expect(throws: ParameterError.self) { try DiverseBeamDecoder(["penalty": .real(-1)]) }
}

@Test func anEmptyCatalogueHasNoResults() throws {
  let trie = try ItemTrie(paths: [])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0] }
  #expect(try DiverseBeamDecoder([:]).search(prompts: 2, in: trie, scorer: &scorer) == [[], []])
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(DiverseBeamModule.self)
  #expect(registry.decoders.names == ["diverse-beam"])
}
