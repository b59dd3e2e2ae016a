import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import DecoderExact

@Test(arguments: [0.0, 1.0, 0.6], [1, 3, 8])
func theListIsThatOfBruteForce(lengthPenalty: Double, batch: Int) throws {
  let problems = try DecoderConformance.problems(
    catalogues: 20,
    score: { total, length in Float(Double(total) / pow(Double(length), lengthPenalty)) },
    {
      try ExactDecoder([
        "list": .integer($0), "length-penalty": .real(lengthPenalty), "batch": .integer(batch),
      ])
    })
  #expect(problems == [])
}

/// Up to 200 titles, lists shorter than the catalogue, and scores that rarely tie.
@Test(arguments: ConstraintMode.allCases, 0..<25)
func theTopOfTheListIsThatOfBruteForce(constraint: ConstraintMode, seed: UInt64) throws {
  var random = SeededGenerator(seed)
  let count = Int.random(in: 1...200, using: &random)
  let paths = randomPaths(count: count, vocabulary: 9, longest: 7, using: &random)
  let trie = try ItemTrie(paths: paths)
  for penalty in [0, 1, 2.5] {
    for (list, batch) in [(1, 1), (5, 4), (10, 16), (40, 1_000)] {
      var scorer = TableScorer(trie: trie, constraint: constraint, vocabulary: 10, seed: seed)
      let expected = scorer.bruteForce { Float(Double($0) / pow(Double($1), penalty)) }
        .prefix(list)
      let found = try ExactDecoder([
        "list": .integer(list), "batch": .integer(batch), "length-penalty": .real(penalty),
      ]).search(prompts: 1, in: trie, scorer: &scorer)[0]
      #expect(found.compactMap(\.title) == expected.map(\.title))
      #expect(largestGap(found.map(\.score), expected.map(\.score)) < 1e-4)
      // No node is scored twice, and no forced one where it is free.
      #expect(Set(scorer.requests).count == scorer.requests.count)
      #expect(
        constraint == .after
          || scorer.requests.allSatisfy { trie.children(of: $0.node).count > 1 })
    }
  }
}

@Test(arguments: [(ConstraintMode.before, [5, 3, 4]), (ConstraintMode.after, [3, 4, 6])])
func theWorkedExamplesTopIsFound(constraint: ConstraintMode, items: [Int]) throws {
  var scorer = try WorkedExample.scorer(constraint)
  let trie = try ItemTrie(paths: WorkedExample.paths)
  let found = try ExactDecoder(["list": .integer(3), "batch": .integer(1)])
    .search(prompts: 1, in: trie, scorer: &scorer)[0]
  // Beam search of width 2 loses i4 after the soft-max.
  #expect(found.compactMap(\.title).map { $0 + 1 } == items)
}

/// One prefix at a time, the search expands as few as any can: those above the last title found.
@Test func nothingIsExpandedBelowTheLastTitle() throws {
  let trie = try ItemTrie(paths: WorkedExample.paths)
  var scorer = try WorkedExample.scorer(.before)
  _ = try ExactDecoder(["list": .integer(2), "batch": .integer(1)])
    .search(prompts: 1, in: trie, scorer: &scorer)
  // [1, 4] and its titles are never scored.
  #expect(scorer.requests.map { trie.tokens(to: $0.node) } == [[], [2], [1]])
}

/// The budget ends the search: what is certain stays, in its place, and nothing else is told.
@Test func aListThatIsNotCertifiedIsShorter() throws {
  for seed in 0..<20 as Range<UInt64> {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(count: 60, vocabulary: 4, longest: 6, using: &random))
    let scorer = TableScorer(trie: trie, constraint: .after, vocabulary: 6, seed: seed)
    let expected = scorer.bruteForce().prefix(10).map(\.title)
    var lengths: [Int] = []
    for limit in [1, 5, 10, 20, 40, 1_000] {
      var scorer = scorer
      let found = try ExactDecoder(["max-expansions": .integer(limit), "batch": .integer(3)])
        .search(prompts: 1, in: trie, scorer: &scorer)[0].compactMap(\.title)
      #expect(found == Array(expected.prefix(found.count)))
      #expect(scorer.requests.count <= limit)
      lengths.append(found.count)
    }
    #expect(lengths == lengths.sorted())
    #expect(lengths.first == 0 && lengths.last == 10)
  }
}

@Test func degenerateCataloguesAreSearched() throws {
  let empty = try ItemTrie(paths: [])
  var none = TableScorer(trie: empty, constraint: .after) { _, _ in [0] }
  #expect(try ExactDecoder([:]).search(prompts: 2, in: empty, scorer: &none) == [[], []])
  #expect(none.requests.isEmpty)
  // All tokens are forced.
  let single = try ItemTrie(paths: [[3, 2, 0]])
  for constraint in ConstraintMode.allCases {
    var scorer = TableScorer(trie: single, constraint: constraint) { _, _ in [0, 0, 0, 0] }
    let found = try ExactDecoder([:]).search(prompts: 1, in: single, scorer: &scorer)[0]
    #expect(found.map(\.title) == [0])
    #expect(scorer.requests.isEmpty == (constraint == .before))
  }
}

@Test func titlesWithoutProbabilityAreNotFound() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, -.infinity] }
  #expect(
    try ExactDecoder([:]).search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title) == [0])
}

@Test func parametersAreChecked() {
  #expect(throws: ParameterError.self) { try ExactDecoder(["list": .integer(0)]) }
  #expect(throws: ParameterError.self) { try ExactDecoder(["batch": .integer(0)]) }
  #expect(throws: ParameterError.self) { try ExactDecoder(["max-expansions": .integer(0)]) }
  #expect(throws: ParameterError.self) { try ExactDecoder(["length-penalty": .real(-1)]) }
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(ExactModule.self)
  #expect(registry.decoders.names == ["exact"])
}
