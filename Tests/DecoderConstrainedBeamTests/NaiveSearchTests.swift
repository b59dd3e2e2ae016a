import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import DecoderConstrainedBeam

/// Section 7.2 step by step, with prefixes as token lists and full sorts.
private struct NaiveSearch {
  let paths: [[Int32]]
  let width: Int
  let logProbabilities: ([Int32]) -> [Int32: Float]

  private struct Candidate {
    let prefix: [Int32]
    let score: Float
    let beam: Int
  }

  /// The children of all unfinished beams, ranked; finished ones as they are.
  private func candidates(_ beams: [(prefix: [Int32], score: Float)]) -> [Candidate] {
    let all = beams.enumerated().flatMap { index, beam -> [Candidate] in
      if paths.contains(beam.prefix) {
        return [Candidate(prefix: beam.prefix, score: beam.score, beam: index)]
      }
      return logProbabilities(beam.prefix).map {
        Candidate(prefix: beam.prefix + [$0.key], score: beam.score + $0.value, beam: index)
      }
    }
    return all.sorted {
      ($1.score, $0.beam, $0.prefix.last ?? 0) < ($0.score, $1.beam, $1.prefix.last ?? 0)
    }
  }

  func competing() -> [[Int32]] {
    var beams: [(prefix: [Int32], score: Float)] = [([], 0)]
    while !beams.allSatisfy({ paths.contains($0.prefix) }) {
      beams = candidates(beams).prefix(width).map { ($0.prefix, $0.score) }
    }
    return beams.map(\.prefix)
  }

  func pooled(lengthPenalty: Double) -> [[Int32]] {
    var beams: [(prefix: [Int32], score: Float)] = [([], 0)]
    // In order of arrival.
    var pool: [(prefix: [Int32], score: Double)] = []
    var length = 0.0
    while !beams.isEmpty {
      length += 1
      let divisor = pow(length, lengthPenalty)
      let ranked = candidates(beams).prefix(2 * width)
      beams = []
      for (rank, candidate) in ranked.enumerated() where beams.count < width {
        if !paths.contains(candidate.prefix) {
          beams.append((candidate.prefix, candidate.score))
        } else if rank < width {
          let score = Double(candidate.score) / divisor
          let worst = pool.map(\.score).min() ?? 0
          if pool.count < width {
            pool.append((candidate.prefix, score))
          } else if score > worst {
            pool.append((candidate.prefix, score))
            pool.remove(at: pool.firstIndex { $0.score == worst } ?? 0)
          }
        }
      }
      let best = Double(ranked.first?.score ?? 0) / divisor
      if pool.count == width, pool.allSatisfy({ $0.score >= best }) { break }
    }
    return pool.enumerated().sorted {
      ($1.element.score, $1.offset) < ($0.element.score, $0.offset)
    }
    .map(\.element.prefix)
  }
}

/// Logits of a coarse grid, so that scores often tie.
@Test(arguments: ConstraintMode.allCases, 0..<60)
func narrowBeamsMatchTheNaiveSearch(constraint: ConstraintMode, seed: UInt64) throws {
  var random = SeededGenerator(seed)
  let paths = randomPaths(count: 30, vocabulary: 4, longest: 6, using: &random)
  let trie = try ItemTrie(paths: paths)
  let isCoarse = seed % 2 == 0
  let scorer = TableScorer(trie: trie, constraint: constraint) { _, prefix in
    var random = SeededGenerator(prefix.reduce(seed) { $0 &* 31 &+ UInt64($1) &+ 1 })
    return (0..<6).map { _ in
      let logit = Double.random(in: -2...2, using: &random)
      return isCoarse ? logit.rounded() : logit
    }
  }
  for width in [1, 2, 3, 5, 8] {
    let naive = NaiveSearch(paths: paths, width: width) { prefix in
      let node = trie.node(along: prefix) ?? 0
      let scores = scorer.logProbabilities(prompt: 0, node: node)
      return Dictionary(uniqueKeysWithValues: zip(trie.childTokens(of: node), scores))
    }
    func search(_ parameters: [String: ParameterValue]) throws -> [[Int32]] {
      var scorer = scorer
      let given = parameters.merging(
        ["width": .integer(width)], uniquingKeysWith: { first, _ in first })
      return try ConstrainedBeamDecoder(given).search(prompts: 1, in: trie, scorer: &scorer)[0]
        .compactMap { $0.title.map(trie.tokens(of:)) }
    }
    #expect(try search(["flavour": .text("paper")]) == naive.competing())
    for penalty in [0, 0.5, 1, 2.5] {
      #expect(
        try search(["length-penalty": .real(penalty)]) == naive.pooled(lengthPenalty: penalty))
    }
  }
}
