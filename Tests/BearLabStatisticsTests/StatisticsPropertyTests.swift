import BearLabStatistics
import Testing

@Suite struct StatisticsPropertyTests {
  private static let differences: [Double] = {
    var random = SplitMix64(5)
    return (0..<120).map { _ in
      // A third are 0, and many are tied, as gains of NDCG are.
      let level = Int.random(in: -3...3, using: &random)
      return abs(level) == 3 ? 0 : Double(level) * 0.3 + 0.1
    }
  }()

  @Test func turnedSignsTurnTheFigures() throws {
    let turned = Self.differences.map { -$0 }
    let (t, turnedT) = try (
      #require(PairedTTest(Self.differences)), #require(PairedTTest(turned))
    )
    #expect(t.statistic == -turnedT.statistic && t.pValue == turnedT.pValue)
    #expect(t.lower == -turnedT.upper && t.upper == -turnedT.lower)
    let (drawn, turnedDrawn) = try (
      #require(PairedBootstrap(Self.differences, resamples: 999)),
      #require(PairedBootstrap(turned, resamples: 999))
    )
    #expect(drawn.lower == -turnedDrawn.upper && drawn.upper == -turnedDrawn.lower)
    #expect(drawn.pValue == turnedDrawn.pValue && drawn.lower < drawn.upper)
    let (ranks, turnedRanks) = (
      WilcoxonSignedRank(Self.differences), WilcoxonSignedRank(turned)
    )
    #expect(abs(ranks.pValue - turnedRanks.pValue) < 1e-15)
    #expect(ranks.statistic == turnedRanks.statistic)
  }

  @Test func aSeedGivesTheSameBits() {
    let draw = { PairedBootstrap(Self.differences, resamples: 500, seed: $0) }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
  }

  /// p belongs to the interval: below 5 % where the 95 % interval leaves 0 out.
  @Test(arguments: [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
  func pAndIntervalAgree(shift: Double) throws {
    let found = try #require(
      PairedBootstrap(Self.differences.map { $0 + shift }, resamples: 4000))
    #expect((found.pValue < 0.05) == (found.lower > 0 || found.upper < 0), "\(found)")
  }

  @Test func whatSaysNothingIsNoEvidence() throws {
    #expect(PairedTTest([]) == nil && PairedTTest([3]) == nil)
    #expect(PairedBootstrap([]) == nil && PairedBootstrap([3]) == nil)
    #expect(WilcoxonSignedRank([]).pValue == 1 && WilcoxonSignedRank([0]).pValue == 1)
    #expect(try #require(PairedBootstrap([0, 0, 0])).pValue == 1)
    let constant = try #require(PairedTTest([-0.1, -0.1, -0.1]))
    #expect(constant.statistic == -.infinity && constant.pValue == 0)
    #expect(constant.lower == -0.1 && constant.upper == -0.1)
  }

  /// Two degrees of freedom have a closed form: P(|T| ≥ t) = 1 − t / √(2 + t²).
  @Test func threePairsHaveAClosedForm() throws {
    let found = try #require(PairedTTest([1, 2, 4]))
    let expected = 1 - found.statistic / (2 + found.statistic * found.statistic).squareRoot()
    #expect(abs(found.pValue - expected) < 1e-14)
  }
}
