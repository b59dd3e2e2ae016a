import BearLabCore
import SamplerHard
import SamplerInBatch
import SamplerPopularity
import SamplerSelfPlay
import SamplerSimilar
import SamplerUniform
import Testing

/// What is drawn is eligible, distinct, as many as there are, and the same for the same seed.
@Suite struct SamplerTests {
  private let titles = 12
  private let history: Set<Int> = [0, 3, 4]
  private let target = 7

  private func request(
    count: Int = 4, batch: [Int] = [], ranked: [RankedAnswer] = [], seed: UInt64 = 1
  ) -> NegativeRequest {
    NegativeRequest(
      target: target, history: history, count: count, batch: batch, ranked: ranked, seed: seed)
  }

  private var context: NegativeContext {
    NegativeContext(
      targetCounts: (0..<titles).map { $0 * $0 },
      titleEmbeddings: (0..<titles).map { [1, Float($0)] }, endToken: 0)
  }

  @Test(arguments: [1, 4, 8, 9, 100], 0..<20)
  func drawsEligibleTitlesOnce(count: Int, seed: UInt64) throws {
    let samplers: [any NegativeSampler] = try [
      UniformSampler([:]), PopularitySampler(["power": .real(0)]), SimilarSampler([:]),
      InBatchSampler([:]),
    ]
    for sampler in samplers {
      let asked = request(count: count, batch: Array(0..<titles) + [5], seed: seed)
      let drawn = try sampler.negatives(for: asked, in: context)
      let numbers = drawn.compactMap { text -> Int? in
        guard case .title(let title) = text else { return nil }
        return title
      }
      #expect(numbers.count == min(count, titles - history.count - 1), "\(sampler)")
      #expect(Set(numbers).count == drawn.count)
      #expect(numbers.allSatisfy { (0..<titles).contains($0) && asked.isEligible($0) })
      #expect(try sampler.negatives(for: asked, in: context) == drawn)
    }
  }

  /// Each eligible title comes in its share of many draws.
  @Test func uniformIsUniform() throws {
    let counts = try shares(of: UniformSampler([:]))
    for title in 0..<titles {
      let expected = history.contains(title) || title == target ? 0 : 1.0 / 8
      #expect(abs(counts[title] - expected) < 0.015)
    }
  }

  @Test func popularityFollowsTheCounts() throws {
    let counts = try shares(of: PopularitySampler([:]))
    let weights = (0..<titles).map { request().isEligible($0) ? Double($0 * $0) : 0 }
    let total = weights.reduce(0, +)
    for title in 0..<titles { #expect(abs(counts[title] - weights[title] / total) < 0.015) }
  }

  private func shares(of sampler: some NegativeSampler) throws -> [Double] {
    var counts = [Double](repeating: 0, count: titles)
    let draws = 10_000
    for seed in 0..<UInt64(draws) {
      for case .title(let title) in try sampler.negatives(
        for: request(count: 1, seed: seed), in: context)
      { counts[title] += 1 / Double(draws) }
    }
    return counts
  }

  @Test func titlesThatAreNeverTargetsAreNotPopular() throws {
    let context = NegativeContext(targetCounts: [5, 0, 3], endToken: 0)
    let request = NegativeRequest(target: 2, history: [], count: 2, seed: 3)
    #expect(try PopularitySampler([:]).negatives(for: request, in: context) == [.title(0)])
  }

  @Test func hardTakesTheBestWrongTitles() throws {
    let ranked = [7, 3, 9, 2, 1].map { RankedAnswer(ScoredTitle(title: $0, score: 0)) }
    let drawn = try HardSampler([:]).negatives(
      for: request(count: 2, ranked: ranked), in: context)
    #expect(drawn == [.title(9), .title(2)])
  }

  @Test func similarTakesTheNearest() throws {
    // The cosine with (1, 7) falls with the distance of the second coordinate.
    let drawn = try SimilarSampler(["pool": .integer(3)]).negatives(
      for: request(count: 3), in: context)
    #expect(Set(drawn) == [.title(6), .title(8), .title(9)])
  }

  @Test func selfPlayKeepsWhatIsNoTitleAndTheTargetItself() throws {
    let text = RankedAnswer(tokens: [5, 6], score: -1)
    let right = RankedAnswer(ScoredTitle(title: target, score: -1))
    let sampler = try SelfPlaySampler([:])
    #expect(
      sampler.negatives(for: request(count: 1, ranked: [text]), in: context) == [
        .tokens([5, 6, 0])
      ])
    #expect(
      sampler.negatives(for: request(count: 1, ranked: [right]), in: context) == [.title(target)])
  }
}
