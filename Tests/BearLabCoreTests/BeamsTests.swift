import BearLabTestSupport
import Testing

@testable import BearLabCore

@Suite struct BeamsTests {
  @Test func thePoolDropsTheEarlierOfEqualWorstAndRefusesATie() {
    var pool = FinishedPool<Int>(capacity: 2)
    pool.offer(0, score: -1)
    pool.offer(1, score: -1)
    #expect(pool.entries.map(\.position) == [1, 0])
    pool.offer(2, score: -1)
    #expect(pool.entries.map(\.position) == [1, 0])
    pool.offer(3, score: -0.5)
    #expect(pool.entries.map(\.position) == [3, 1])
  }

  @Test func theBestBeamsAreKeptInTheOrderOfOffers() {
    var best = BestBeams<Int>(limit: 3)
    let scores: [Float] = [-2, -1, -.infinity, -2, -1, -3, -1, -1]
    for (position, score) in scores.enumerated() {
      best.offer(position, score: score)
    }
    #expect(best.beams.map(\.position) == [1, 4, 6])
  }

  /// A coarse grid, so that many tie; infinities and numbers that are none are among them.
  @Test(arguments: [1, 3, 40])
  func offeringManyAtOnceIsOfferingOneByOne(limit: Int) {
    var random = SeededGenerator(3)
    let odd: [Float] = [-.infinity, .nan]
    let ways = (0..<4).map { _ in
      (0..<25).map { _ in
        odd.randomElement(using: &random).flatMap { Bool.random(using: &random) ? $0 : nil }
          ?? Float(Int.random(in: -6...0, using: &random))
      }
    }
    var together = BestBeams<[Int]>(limit: limit)
    var single = BestBeams<[Int]>(limit: limit)
    for (parent, scores) in ways.enumerated() {
      together.offer(scores, from: -Float(parent)) { [parent, $0] }
      for (child, score) in scores.enumerated() {
        single.offer([parent, child], score: -Float(parent) + score)
      }
    }
    let expected = ways.enumerated().flatMap { parent, scores in
      scores.enumerated().map { (position: [parent, $0], score: -Float(parent) + $1) }
    }.filter { $0.score > -.infinity }.sorted { $0.score > $1.score }.prefix(limit)
    #expect(together.beams.map(\.position) == expected.map(\.position))
    #expect(together.beams == single.beams)
  }

  /// B = 2: of the four best children, the third finishes too low and is ignored.
  @Test func answersFinishAmongTheFirstBOnly() {
    var search = PooledBeams(start: 0, width: 2, lengthPenalty: 1, tokenLimit: 9)
    var candidates = search.noCandidates
    for (position, score) in [-10, 1, -2, 3, 4].enumerated() {
      candidates.offer(position, score: Float(-score))
    }
    // Ranked: 0 (10), 2 (2), 1 (−1), 3 (−3).
    search.advance(candidates) { $0 == 0 || $0 == 1 }
    #expect(search.found.map(\.position) == [0])
    #expect(search.beams == [Beam(2, score: 2), Beam(3, score: -3)])
  }

  @Test func theScoreIsDividedByAPowerOfTheLength() {
    var search = PooledBeams(start: 0, width: 1, lengthPenalty: 2, tokenLimit: 9)
    for length in 1...3 {
      var candidates = search.noCandidates
      candidates.offer(length, score: -9)
      search.advance(candidates) { $0 == 3 }
    }
    #expect(search.found.map(\.score) == [-1])
    #expect(search.beams.isEmpty)
  }
}
