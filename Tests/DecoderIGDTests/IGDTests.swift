import BearLabCore
import BearLabTestSupport
import DecoderConstrainedBeam
import Foundation
import Testing

@testable import DecoderIGD

/// Section 6.12: four titles, uniform, of which two begin with token 1.
private let paths: [[Int32]] = [[1, 4, 0], [1, 5, 0], [2, 0], [3, 6, 0]]

@Test func theWorkedExamplesGainsAreThoseDerivedByHand() throws {
  let trie = try ItemTrie(paths: paths)
  let nodes = try [[1], [2], [1, 4], [1, 4, 0], [3, 6]].map { path in
    try #require(trie.node(along: path.map { Int32($0) }))
  }
  func gains(_ entropy: InformationGain.Entropy) -> [Float] {
    let gain = InformationGain(trie: trie, counts: [7, 7, 7, 7], entropy: entropy)
    return nodes.map { Float(gain.gain(of: $0)) }
  }
  #expect(largestGap(gains(.global), [0.693147, 1.039721, 0.346574, 0, 0]) < 1e-6)
  #expect(largestGap(gains(.conditional), [0.693147, 1.386294, 0.693147, 0, 0]) < 1e-6)
}

@Test(arguments: ["global", "conditional"])
func theWorkedExamplesWeightsAreThoseDerivedByHand(entropy: String) throws {
  let trie = try ItemTrie(paths: paths)
  let weights = InformationGain(
    trie: trie, counts: [1, 1, 1, 1], entropy: entropy == "global" ? .global : .conditional
  ).decodingWeights(strength: 0.3, in: trie)
  let root = trie.children(of: ItemTrie.root).map { weights[$0] }
  #expect(largestGap(root, [1, 0.7, 0.7]) < 1e-5)
  // Equal gains, and forced tokens.
  let others = (0..<trie.nodeCount).filter { !trie.children(of: ItemTrie.root).contains($0) }
  #expect(others.allSatisfy { weights[$0] == 1 })
}

@Test func theDecoderKeepsTheContract() throws {
  for entropy in InformationGain.Entropy.allCases {
    let problems = try DecoderConformance.problems(catalogues: 15, isExact: false) {
      try IGDDecoder(["width": .integer($0), "entropy": .text(entropy.rawValue)])
    }
    #expect(problems == [])
  }
}

@Test(arguments: [0.0, 1.0])
func withoutStrengthItIsConstrainedBeam(lengthPenalty: Double) throws {
  for seed in 0..<20 as Range<UInt64> {
    var random = SeededGenerator(seed)
    let trie = try ItemTrie(
      paths: randomPaths(count: 40, vocabulary: 5, longest: 6, using: &random))
    let scorer = TableScorer(trie: trie, constraint: .after, vocabulary: 7, seed: seed)
    let values: [String: ParameterValue] = [
      "width": .integer(4), "length-penalty": .real(lengthPenalty),
    ]
    func lists(_ decoder: any Decoder) throws -> [[RankedAnswer]] {
      var (decoder, scorer) = (decoder, scorer)
      try decoder.prepare(.letters(trie), scorer: &scorer)
      return try decoder.search(prompts: 3, in: trie, scorer: &scorer)
    }
    let own = try lists(try IGDDecoder(values.merging(["strength": .real(0)]) { $1 }))
    let beam = try lists(try ConstrainedBeamDecoder(values))
    #expect(own.map { $0.map(\.title) } == beam.map { $0.map(\.title) })
    #expect(largestGap(own.joined().map(\.score), beam.joined().map(\.score)) < 1e-5)
  }
}

/// Equal probabilities: the tokens that lead to one title are favoured over the one that leads to two.
@Test func decisiveTokensAreFavoured() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in
    [Double](repeating: 0, count: 8)
  }
  var decoder = try IGDDecoder(["strength": .real(0.3)])
  try decoder.prepare(context([5, 5, 5, 5]), scorer: &scorer)
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [2, 3, 1, 0])
  let one = log(8.0)
  let expected = [-1.7 * one, -2.7 * one, -3 * one, -3 * one]
  #expect(largestGap(found.map(\.score), expected) < 1e-5)
}

/// Without smoothing the trie is that of the titles with a count: token 1 is then as decisive as 2.
@Test func titlesThatTrainingLacksAreLeftOut() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in
    [Double](repeating: 0, count: 8)
  }
  func found(_ smoothing: Int) throws -> [Int?] {
    var decoder = try IGDDecoder(["smoothing": .integer(smoothing)])
    try decoder.prepare(context([3, 0, 3, 0]), scorer: &scorer)
    return try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title)
  }
  #expect(try found(0) == [2, 0])
  #expect(try Set(found(1)) == [0, 1, 2, 3])
  let weights = InformationGain(trie: trie, counts: [3, 0, 3, 0], smoothing: 0)
    .decodingWeights(strength: 0.3, in: trie)
  let root = trie.children(of: ItemTrie.root).map { weights[$0] }
  #expect(root[0] == 1 && root[1] == 1 && root[2].isNaN)
}

@Test func whatIsMissingIsRefused() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0] }
  #expect(throws: IGDError.notPrepared) {
    try IGDDecoder([:]).search(prompts: 1, in: trie, scorer: &scorer)
  }
  var decoder = try IGDDecoder(["smoothing": .integer(0)])
  #expect(throws: IGDError.noTargets) {
    try decoder.prepare(context([0, 0, 0, 0]), scorer: &scorer)
  }
  #expect(throws: ParameterError.self) { try IGDDecoder(["strength": .real(1.5)]) }
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(IGDDecoderModule.self)
  #expect(registry.decoders.names == ["igd"])
}

private func context(_ counts: [Int]) -> DecoderContext {
  DecoderContext(
    catalogue: Catalogue(itemTitles: counts.indices.map { "\($0)" }), targetCounts: counts,
    encoder: LetterEncoder())
}
