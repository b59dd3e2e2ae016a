import BearLabCore
import BearLabTestSupport
import DecoderBeam
import DecoderConstrainedBeam
import Foundation
import Testing

/// Titles [1], [1, 2], [2, 1] and [2, 2, 1] over the tokens 1 and 2; EOS is 0.
private let paths: [[Int32]] = [[1, 0], [1, 2, 0], [2, 1, 0], [2, 2, 1, 0]]

@Test(arguments: [0.0, 1.0])
func beamKeepsTheContract(lengthPenalty: Double) throws {
  let problems = try DecoderConformance.problems(isExact: false) {
    try BeamDecoder(["width": .integer($0), "length-penalty": .real(lengthPenalty)])
  }
  #expect(problems == [])
}

/// Every text of up to `limit` tokens: those that end, and those that the limit cuts.
private func texts(limit: Int) -> [[Int32]] {
  var (open, all): ([[Int32]], [[Int32]]) = ([[]], [])
  for _ in 0..<limit {
    all += open.map { $0 + [0] }
    open = open.flatMap { [$0 + [1], $0 + [2]] }
  }
  return all + open
}

@Test(arguments: 0..<10 as Range<UInt64>, [0.0, 0.6, 1.0])
func aWideBeamFindsEveryText(seed: UInt64, lengthPenalty: Double) throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before, vocabulary: 3, seed: seed)
  let expected = texts(limit: 4).map { text -> RankedAnswer in
    let total = text.indices.reduce(Float(0)) { total, place in
      let prefix = Array(text[..<place])
      return total + scorer.logProbabilities(prompt: 0, prefix: prefix)[Int(text[place])]
    }
    let score = Float(Double(total) / pow(Double(text.count), lengthPenalty))
    if let title = paths.firstIndex(of: text) {
      return RankedAnswer(ScoredTitle(title: title, score: score))
    }
    return RankedAnswer(tokens: text.last == 0 ? text.dropLast() : text, score: score)
  }
  let decoder = try BeamDecoder(["width": .integer(40), "length-penalty": .real(lengthPenalty)])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found == expected.sorted { $0.score > $1.score })
}

/// Where the model gives nothing outside the trie, a search without it finds what one within it does.
@Test(arguments: 0..<30 as Range<UInt64>)
func withoutMassOutsideTheTrieBothBeamsAgree(seed: UInt64) throws {
  var random = SeededGenerator(seed)
  let trie = try ItemTrie(paths: randomPaths(count: 25, vocabulary: 5, longest: 5, using: &random))
  let free = TableScorer(trie: trie, constraint: .after, vocabulary: 6, seed: seed)
  let scorer = TableScorer(trie: trie, constraint: .after) { prompt, prefix in
    let node = trie.node(along: prefix)
    let children = node.map { Array(trie.childTokens(of: $0)) } ?? []
    let all = free.logProbabilities(prompt: prompt, prefix: prefix)
    return all.indices.map { children.contains(Int32($0)) ? Double(all[$0]) : -.infinity }
  }
  for width in [1, 2, 3, 10] {
    for penalty in [0.0, 1.0] {
      let parameters: [String: ParameterValue] = [
        "width": .integer(width), "length-penalty": .real(penalty),
      ]
      func search(_ decoder: any Decoder) throws -> [[RankedAnswer]] {
        var scorer = scorer
        return try decoder.search(prompts: 4, in: trie, scorer: &scorer)
      }
      #expect(
        try search(BeamDecoder(parameters)) == search(ConstrainedBeamDecoder(parameters)),
        "width \(width), penalty \(penalty)")
    }
  }
}

/// Section 7.2's model with nothing outside the trie, which makes the soft-max the masked one.
@Test(arguments: [
  (2, 1.0, [5, 3]), (3, 1.0, [5, 3, 4]), (2, 0.0, [5, 3]), (3, 0.0, [5, 3, 4]),
])
func theWorkedExample(width: Int, lengthPenalty: Double, items: [Int]) throws {
  let trie = try ItemTrie(paths: [
    [1, 4, 5, 0], [1, 4, 6, 0], [1, 7, 0], [2, 5, 0], [2, 8, 9, 10, 0], [3, 6, 0],
  ])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, prefix in
    let last = Int(prefix.last ?? 12)
    let children = trie.node(along: prefix).map { trie.childTokens(of: $0) } ?? []
    return (0...10).map { token in
      let product: Int = token * last
      let logit = Double((5 * last + 3 * token + product) % 7) / 2
      return children.contains(Int32(token)) ? logit : -.infinity
    }
  }
  let decoder = try BeamDecoder([
    "width": .integer(width), "length-penalty": .real(lengthPenalty),
  ])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map { ($0.title ?? -1) + 1 } == items)
}

@Test func theModelWritesWhatItLikes() throws {
  let trie = try ItemTrie(paths: paths)
  // Two tokens, then EOS: 2 2 is no title; of 2 1 and 1 2, which are equal, the later comes first.
  var scorer = TableScorer(trie: trie, constraint: .before) { _, prefix in
    prefix.count < 2 ? [-9, 0, 1] : [3, 0, 0]
  }
  let found = try BeamDecoder(["width": .integer(3)])
    .search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.title) == [nil, 1, 2])
  #expect(found.map(\.tokens) == [[2, 2], [], []])
  // Six next tokens are asked for each beam, and all beams of a round at once.
  #expect(scorer.tokenRequests.allSatisfy { $0.count == 6 })
  #expect(scorer.requests.isEmpty)
}

@Test func equalScoresGoToTheBetterBeamAndTheLowerToken() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, prefix in
    prefix.count < 2 ? [-.infinity, 0, 0] : [0, -.infinity, -.infinity]
  }
  let found = try BeamDecoder(["width": .integer(3)])
    .search(prompts: 1, in: trie, scorer: &scorer)[0]
  // The beam holds 1-1, 1-2, 2-1; the pool puts the later one first.
  #expect(found.map(\.title) == [2, 1, nil])
  #expect(found[2].tokens == [1, 1])
}

@Test func whatTheLimitCutsIsAResult() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [-5, 0, -1] }
  let decoder = try BeamDecoder(["width": .integer(2), "max-tokens": .integer(2)])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.tokens) == [[1, 1], [1, 2]])
  #expect(found.map(\.title) == [nil, nil])
}

@Test func anEmptyTextIsNoTitle() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [9, 0, 0] }
  let found = try BeamDecoder(["width": .integer(1)])
    .search(prompts: 1, in: trie, scorer: &scorer)[0]
  #expect(found.map(\.tokens) == [[]])
  #expect(found.map(\.title) == [nil])
}

@Test func cataloguesWithoutAnEndAreRefused() throws {
  let odd = try ItemTrie(paths: [[1, 0], [2, 3]])
  var scorer = TableScorer(trie: odd, constraint: .after) { _, _ in [0, 0, 0, 0] }
  #expect(throws: BeamError.noEndToken) {
    try BeamDecoder([:]).search(prompts: 1, in: odd, scorer: &scorer)
  }
  let empty = try ItemTrie(paths: [])
  #expect(try BeamDecoder([:]).search(prompts: 2, in: empty, scorer: &scorer) == [[], []])
}

@Test func whatIsNotANumberIsRefused() throws {
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .after) { prompt, prefix in
    prompt == 1 && prefix == [2] ? [0, .nan, 0] : [0, 0, 1]
  }
  #expect(throws: ScoringError.notANumber(prompt: 1, path: [2])) {
    try BeamDecoder([:]).search(prompts: 2, in: trie, scorer: &scorer)
  }
}

@Test func theModuleRegistersBeam() throws {
  let registry = PluginRegistry()
  try registry.add(BeamModule.self)
  #expect(registry.decoders.names == ["beam"])
  #expect(try BeamDecoder([:]).constraint == .after)
  #expect(throws: ParameterError.self) { try BeamDecoder(["width": .integer(0)]) }
}
