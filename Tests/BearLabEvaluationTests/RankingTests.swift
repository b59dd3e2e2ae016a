import BearLabCore
import BearLabEvaluation
import BearLabTestSupport
import Testing

/// 1/log2(r + 2): log2 of 2, 3, 6 and 11.
@Test(arguments: [(0, 1.0), (1, 0.630930), (4, 0.386853), (9, 0.289065)])
func gainsAreThoseOfTheSpecification(rank: Int, gain: Double) {
  #expect(abs(RankingMetrics.ndcg(rank: rank, k: 10) - gain) < 5e-7)
  #expect(RankingMetrics.hitRate(rank: rank, k: 10) == 1)
}

@Test(arguments: RankingMetrics.cutoffs)
func placesFromKOnGainNothing(k: Int) {
  #expect(RankingMetrics.hitRate(rank: k - 1, k: k) == 1)
  #expect(RankingMetrics.ndcg(rank: k - 1, k: k) > 0)
  for rank in [k, k + 1, nil] {
    #expect(RankingMetrics.hitRate(rank: rank, k: k) == 0)
    #expect(RankingMetrics.ndcg(rank: rank, k: k) == 0)
  }
}

@Test func theRankIsThatOfTheFirstPlace() {
  #expect(RankingMetrics.rank(of: 7, in: [3, 7, 7]) == 1)
  #expect(RankingMetrics.rank(of: 7, in: [3, 2]) == nil)
  #expect(RankingMetrics.rank(of: 7, in: [Int]()) == nil)
}

/// Four instances: HR@1 1/4, HR@5 2/4, HR@10 3/4; NDCG@10 (1 + 0.386853 + 0.289065) / 4.
@Test func theSummaryIsTheMeanOverAllInstances() {
  let summary = RankingSummary(ranks: [0, 4, 9, nil])
  #expect([1, 5, 10].map(summary.hr) == [0.25, 0.5, 0.75])
  #expect([1, 5, 10].map(summary.hits) == [1, 2, 3])
  #expect(abs(summary.ndcg(1) - 0.25) < 1e-12)
  #expect(abs(summary.ndcg(5) - 0.346713) < 1e-6)
  #expect(abs(summary.ndcg(10) - 0.4189795) < 1e-6)
  #expect(summary.hrInterval(5) == .wilson(successes: 2, trials: 4))
}

@Test func aSummaryOfNothingIsZero() {
  #expect(RankingSummary(ranks: []).hr(10) == 0)
  #expect(RankingSummary(ranks: []).ndcg(10) == 0)
}

/// Between places 5 and 9 a hit gains 1/log2(7) to 1/log2(11), so their mean does too.
@Test(arguments: 0..<50)
func theTwoCutoffsAreConsistent(seed: UInt64) {
  var random = SeededGenerator(seed)
  let ranks = (0..<200).map { _ in Int.random(in: 0..<40, using: &random) }
  let summary = RankingSummary(ranks: ranks.map { $0 < 10 ? $0 : nil })
  let ratio = (summary.ndcg(10) - summary.ndcg(5)) / (summary.hr(10) - summary.hr(5))
  // The specification rounds the bounds to 0.2891 and 0.3562.
  #expect((0.289064...0.356208).contains(ratio))
}

/// Wilson's interval of 10 in 100 with z² = 3.841459: centre 0.119208 / 1.038415, reach
/// 0.062155 / 1.038415; of none in 10 it ends at z² / (10 + z²).
@Test func wilsonIntervalsAreThoseOfTheFormula() {
  let tenth = BinomialInterval.wilson(successes: 10, trials: 100)
  #expect(abs(tenth.lower - 0.055229) < 2e-6)
  #expect(abs(tenth.upper - 0.174366) < 2e-6)
  let none = BinomialInterval.wilson(successes: 0, trials: 10)
  #expect(none.lower == 0)
  #expect(abs(none.upper - 3.841459 / 13.841459) < 1e-6)
  let all = BinomialInterval.wilson(successes: 10, trials: 10)
  #expect(abs(all.lower - 10 / 13.841459) < 1e-6)
  #expect(all.upper == 1)
  let nothing = BinomialInterval.wilson(successes: 0, trials: 0)
  #expect(nothing.lower == 0)
  #expect(nothing.upper == 1)
}

@Test func metricsAreRegisteredWithTheirCutoff() throws {
  let registry = PluginRegistry()
  try registry.add(MetricModule.self)
  #expect(registry.metrics.names == ["hr", "ndcg"])
  let hr = try registry.metrics.find("hr").init(["k": .integer(5)])
  #expect(hr.gain(rank: 4) == 1)
  #expect(hr.gain(rank: 5) == 0)
  let ndcg = try registry.metrics.find("ndcg").init([:])
  #expect(abs(ndcg.gain(rank: 9) - 0.289065) < 5e-7)
  #expect(ndcg.gain(rank: 10) == 0)
  #expect(throws: ParameterError.self) { try NDCGMetric(["k": .integer(0)]) }
}
