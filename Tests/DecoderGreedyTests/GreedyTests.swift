import BearLabCore
import BearLabTestSupport
import DecoderConstrainedBeam
import DecoderGreedy
import Testing

private func search(
  _ decoder: any Decoder, _ trie: ItemTrie, _ constraint: ConstraintMode, seed: UInt64
) throws -> [[RankedAnswer]] {
  var scorer = TableScorer(trie: trie, constraint: constraint, vocabulary: 6, seed: seed)
  return try decoder.search(prompts: 3, in: trie, scorer: &scorer)
}

@Test func greedyKeepsTheContract() throws {
  #expect(try DecoderConformance.problems(isExact: false) { _ in try GreedyDecoder([:]) } == [])
}

@Test(arguments: 0..<40 as Range<UInt64>, [0, 3])
func greedyIsOneBeamOfThePaper(seed: UInt64, limit: Int) throws {
  var random = SeededGenerator(seed)
  let trie = try ItemTrie(paths: randomPaths(count: 20, vocabulary: 4, using: &random))
  let limit = ParameterValue.integer(limit)
  let greedy = try GreedyDecoder(["max-tokens": limit])
  let beam = try ConstrainedBeamDecoder([
    "width": .integer(1), "flavour": .text("paper"), "max-tokens": limit,
  ])
  for constraint in ConstraintMode.allCases {
    #expect(
      try search(greedy, trie, constraint, seed: seed)
        == search(beam, trie, constraint, seed: seed))
  }
  // The order of a node's children does not depend on where the constraint comes.
  #expect(
    try search(greedy, trie, .before, seed: seed).map { $0.map(\.title) }
      == search(greedy, trie, .after, seed: seed).map { $0.map(\.title) })
}

/// After 1 the best is 2, though 3 leads to the best title.
@Test func theBestChildIsTakenAtEveryNode() throws {
  let trie = try ItemTrie(paths: [[1, 2, 1, 0], [1, 2, 2, 0], [1, 3, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 0.5, 0.4] }
  let found = try GreedyDecoder([:]).search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [0])
  #expect(scorer.requests.map { trie.tokens(to: $0.node) } == [[], [1], [1, 2], [1, 2, 1]])
  let expected = scorer.bruteForce().first { $0.title == 0 }
  #expect(found.map(\.score) == [expected?.score])
}

@Test func equalScoresGoToTheLowerToken() throws {
  let trie = try ItemTrie(paths: [[3, 0], [2, 0], [1, 3, 0], [1, 2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [1, 1, 1, 1] }
  let found = try GreedyDecoder([:]).search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [3])
}

@Test func whatIsCutOrHasNoProbabilityIsNotFound() throws {
  let trie = try ItemTrie(paths: [[1, 1, 1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 0] }
  let short = try GreedyDecoder(["max-tokens": .integer(3)])
  #expect(try short.search(prompts: 1, in: trie, scorer: &scorer) == [[]])
  #expect(scorer.requests.count == 3)
  var impossible = TableScorer(trie: trie, constraint: .after) { _, prefix in
    [0, prefix.isEmpty ? 1 : -.infinity, 0]
  }
  #expect(
    try GreedyDecoder([:]).search(prompts: 1, in: trie, scorer: &impossible) == [[]])
  let empty = try ItemTrie(paths: [])
  var none = TableScorer(trie: empty, constraint: .after) { _, _ in [0] }
  #expect(try GreedyDecoder([:]).search(prompts: 2, in: empty, scorer: &none) == [[], []])
}

@Test func theModuleRegistersGreedy() throws {
  let registry = PluginRegistry()
  try registry.add(GreedyModule.self)
  #expect(registry.decoders.names == ["greedy"])
  #expect(try GreedyDecoder([:]).constraint == nil)
}
