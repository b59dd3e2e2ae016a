import BearLabCore
import BearLabTestSupport
import DecoderConstrainedBeam
import Foundation
import Testing

@testable import DecoderD3

@Test func theDecoderKeepsTheContract() throws {
  for scale in [0, 0.7] {
    let problems = try DecoderConformance.problems(catalogues: 15, isExact: false) {
      try D3Decoder(["width": .integer($0), "guidance-scale": .real(scale)])
    }
    #expect(problems == [])
  }
}

/// Section 7.4: p = (0.6, 0.3, 0.1), q_tok = (0.2, 0.5, 0.3), a = 0.6.
///
/// The second token has two titles below, whose shares of q add up.
@Test func theWorkedExampleIsMixedAsDerivedByHand() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 3, 0], [2, 4, 0], [3, 0]])
  let scores = [0.2, 0.4, 0.1, 0.3].map { Float(log($0) + 5) }
  let guide = Guide(trie: trie, titleScores: scores, scale: 0.6)
  let mixed = guide.mixed(
    ChildScores(node: ItemTrie.root, logProbabilities: [0.6, 0.3, 0.1].map { Float(log($0)) }))
  #expect(mixed.node == ItemTrie.root)
  #expect(largestGap(mixed.logProbabilities, [-0.950271, -0.999643, -1.863140]) < 1e-6)
  // Below the second token 0.4 and 0.1 of 0.5; a forced token has q_tok = 1.
  let node = try #require(trie.node(along: [2]))
  let below = guide.mixed(ChildScores(node: node, logProbabilities: [0, 0]))
  #expect(largestGap(below.logProbabilities, [0.4 * log(0.8), 0.4 * log(0.2)]) < 1e-6)
  let forced = guide.mixed(ChildScores(node: node + 4, logProbabilities: [-0.5]))
  #expect(largestGap(forced.logProbabilities, [-0.3]) < 1e-6)
}

@Test func theTokensOfANodeShareAllOfTheirProbability() throws {
  var random = SeededGenerator(3)
  let trie = try ItemTrie(
    paths: randomPaths(count: 50, vocabulary: 5, longest: 5, using: &random))
  let scores = (0..<50).map { _ in Float.random(in: -9...9, using: &random) }
  let guide = Guide(trie: trie, titleScores: scores, scale: 0)
  for node in 0..<trie.nodeCount where trie.title(at: node) == nil {
    let own = ChildScores(
      node: node, logProbabilities: [Float](repeating: -1, count: trie.children(of: node).count))
    let sum = guide.mixed(own).logProbabilities.reduce(0.0) { $0 + exp(Double($1)) }
    #expect(abs(sum - 1) < 1e-6)
  }
}

@Test(arguments: [0.0, 1.0])
func withoutTheRecommenderItIsConstrainedBeam(lengthPenalty: Double) throws {
  for seed in 0..<20 as Range<UInt64> {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(count: 40, vocabulary: 5, longest: 6, using: &random))
    let scorer = TableScorer(trie: trie, constraint: .after, vocabulary: 7, seed: seed)
    let values: [String: ParameterValue] = [
      "width": .integer(4), "length-penalty": .real(lengthPenalty),
    ]
    func lists(_ decoder: any Decoder) throws -> [[RankedAnswer]] {
      var scorer = scorer
      return try decoder.search(prompts: 3, in: trie, scorer: &scorer)
    }
    let alone = try D3Decoder(values.merging(["guidance-scale": .real(1)]) { $1 })
    #expect(!alone.needsRecommender)
    #expect(try lists(alone) == lists(try ConstrainedBeamDecoder(values)))
  }
}

/// With a = 0 the recommender decides alone.
@Test func theRecommenderAloneRanksByItsProbabilities() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 3, 0], [2, 4, 0], [3, 0]])
  var scorer = TableScorer(trie: trie, constraint: .after, vocabulary: 6, seed: 1)
  scorer.recommender = { _ in [1, 4, 3, 2] }
  let found = try D3Decoder(["guidance-scale": .real(0)])
    .search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [1, 2, 3, 0])
  let scores: [Double] = [4, 3, 2, 1]
  let sum = scores.reduce(0.0) { $0 + exp($1) }
  #expect(largestGap(found.map(\.score), scores.map { log(exp($0) / sum) }) < 1e-5)
}

/// A title of no probability keeps its subtree at the floor.
@Test func hopelessTitlesStayFinite() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0, 0, 0] }
  scorer.recommender = { _ in [0, -.infinity] }
  let found = try D3Decoder([:]).search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [0, 1])
  #expect(abs(found[1].score - Float(0.7 * 2 * log(1 / 3.0) + 0.3 * log(1e-20))) < 1e-3)
}

@Test func whatIsMissingOrUnusableIsRefused() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0, 0, 0] }
  #expect(throws: D3Error.noRecommender) {
    try D3Decoder([:]).search(prompts: 1, in: trie, scorer: &scorer)
  }
  scorer.recommender = { prompt in prompt == 1 ? [0, .infinity] : [0, 0] }
  #expect(throws: D3Error.unusableScore(prompt: 1, title: 1, score: .infinity)) {
    try D3Decoder([:]).search(prompts: 2, in: trie, scorer: &scorer)
  }
  #expect(throws: ParameterError.self) { try D3Decoder(["guidance-scale": .real(1.1)]) }
}

@Test func anEmptyCatalogueHasNoResults() throws {
  let trie = try ItemTrie(paths: [])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0] }
  scorer.recommender = { _ in [] }
  #expect(try D3Decoder([:]).search(prompts: 2, in: trie, scorer: &scorer) == [[], []])
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(D3Module.self)
  #expect(registry.decoders.names == ["d3"])
}
