import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import DecoderConstrainedBeam

@Test(arguments: [0.0, 1.0, 0.6])
func theFlavourOfTheLibraryKeepsTheContract(lengthPenalty: Double) throws {
  let problems = try DecoderConformance.problems(
    score: { total, length in Float(Double(total) / pow(Double(length), lengthPenalty)) },
    { try ConstrainedBeamDecoder(["width": .integer($0), "length-penalty": .real(lengthPenalty)]) })
  #expect(problems == [])
}

@Test func theFlavourOfThePaperKeepsTheContract() throws {
  let problems = try DecoderConformance.problems {
    try ConstrainedBeamDecoder(["width": .integer($0), "flavour": .text("paper")])
  }
  #expect(problems == [])
}

@Test(arguments: ["hf", "paper"])
func equalScoresGoToTheBetterBeamAndTheLowerToken(flavour: String) throws {
  // All logits equal and every path as long: titles tie where their nodes have as many children.
  let paths: [[Int32]] = [[2, 2, 0], [2, 1, 0], [1, 2, 0], [1, 1, 0]]
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, 0] }
  let decoder = try ConstrainedBeamDecoder(["width": .integer(3), "flavour": .text(flavour)])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title)
  // The beam holds 1-1, 1-2, 2-1; the pool puts the later one first.
  #expect(found == (flavour == "hf" ? [1, 2, 3] : [3, 2, 1]))
}

@Test func aTitleThatFinishesBelowRankBIsIgnored() throws {
  // Step 2, B = 2: the two continuing beams rank 0 and 1, the finished title 2.
  let paths: [[Int32]] = [[1, 0], [1, 2, 0], [1, 3, 0]]
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, 2, 1] }
  let decoder = try ConstrainedBeamDecoder(["width": .integer(2)])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title)
  #expect(found == [1, 2])
}

@Test func aFullPoolOfBetterTitlesEndsTheSearch() throws {
  // After step 2, both pool entries beat the beam [3], which never gets scored again.
  let paths: [[Int32]] = [[1, 0], [2, 0], [3, 3, 3, 3, 0]]
  let trie = try ItemTrie(paths: paths)
  var scorer = TableScorer(trie: trie, constraint: .before) { _, prefix in
    prefix.isEmpty ? [0, 5, 5, 0] : [0, 0, 0, 0]
  }
  let decoder = try ConstrainedBeamDecoder(["width": .integer(2)])
  #expect(try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title) == [1, 0])
  #expect(scorer.requests.map(\.node) == [0, 1, 2])
}

@Test(arguments: ["hf", "paper"])
func titlesLongerThanTheLimitAreNotFound(flavour: String) throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 2, 2, 2, 0], [3, 3, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, 9, 0] }
  let decoder = try ConstrainedBeamDecoder([
    "width": .integer(3), "flavour": .text(flavour), "max-tokens": .integer(4),
  ])
  let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title)
  #expect(Set(found) == [0, 2])
}

/// As in the library: [2, 2, 2] takes the place of the title [2, 3, 0], though it is no result.
@Test func anUnfinishedBeamAtTheLimitTakesAPlace() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 3, 0], [2, 2, 2, 2, 0]])
  for (limit, expected) in [(3, [0]), (0, [2, 0])] {
    var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 9, 0] }
    let decoder = try ConstrainedBeamDecoder(["width": .integer(2), "max-tokens": .integer(limit)])
    let found = try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title)
    #expect(found == expected)
  }
}

@Test(arguments: ["hf", "paper"])
func beamsWithoutProbabilityAreDropped(flavour: String) throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 0, -.infinity] }
  let decoder = try ConstrainedBeamDecoder(["flavour": .text(flavour)])
  #expect(try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title) == [0])
}

@Test(arguments: ["hf", "paper"])
func anEmptyCatalogueHasNoResults(flavour: String) throws {
  let trie = try ItemTrie(paths: [])
  var scorer = TableScorer(trie: trie, constraint: .after) { _, _ in [0] }
  let decoder = try ConstrainedBeamDecoder(["flavour": .text(flavour)])
  #expect(try decoder.search(prompts: 2, in: trie, scorer: &scorer) == [[], []])
  #expect(scorer.requests.isEmpty)
}

@Test func parametersAreChecked() {
  #expect(throws: ConstrainedBeamError.lengthPenaltyInPaperFlavour(1)) {
    try ConstrainedBeamDecoder(["flavour": .text("paper"), "length-penalty": .real(1)])
  }
  #expect(throws: ParameterError.self) { try ConstrainedBeamDecoder(["width": .integer(0)]) }
  #expect(throws: ParameterError.self) { try ConstrainedBeamDecoder(["width": .integer(.max)]) }
  #expect(throws: ParameterError.self) { try ConstrainedBeamDecoder(["flavour": .text("HF")]) }
  #expect(throws: ParameterError.self) { try ConstrainedBeamDecoder(["max-tokens": .integer(-1)]) }
  #expect(throws: ParameterError.self) { try ConstrainedBeamDecoder(["length-penalty": .real(-1)]) }
}

@Test func aWidthBeyondTheCatalogueFindsAll() throws {
  let trie = try ItemTrie(paths: [[1, 0], [2, 0]])
  var scorer = TableScorer(trie: trie, constraint: .before) { _, _ in [0, 1, 0] }
  let decoder = try ConstrainedBeamDecoder(["width": .integer(10_000)])
  #expect(try decoder.search(prompts: 1, in: trie, scorer: &scorer)[0].map(\.title) == [0, 1])
}

@Test func theModuleRegistersTheDecoder() throws {
  let registry = PluginRegistry()
  try registry.add(ConstrainedBeamModule.self)
  #expect(registry.decoders.names == ["constrained-beam"])
}
