import BearLabData
import Testing

@Test func twisterStartsWithTheOutputsOfSeed42() {
  var twister = MersenneTwister(seed: 42)
  let first = (0..<5).map { _ in twister.next() }
  #expect(first == [1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414, 3_143_890_026])
}

/// The C++ standard fixes the 10 000th output of the default seed, far past the first twist.
@Test func twisterReachesThePublishedTenThousandthOutput() {
  var twister = MersenneTwister(seed: 5489)
  for _ in 1..<10_000 { _ = twister.next() }
  #expect(twister.next() == 4_123_659_995)
}

@Test(arguments: [
  (10, [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]),
  (15_400, [411, 5076, 8146, 8304, 4147, 14366, 2608, 5279, 7496, 4526]),
  (35_060, [4903, 18742, 27674, 1483, 11505, 4605, 14827, 19110, 26307, 32726]),
  (44_351, [33965, 32494, 39396, 12000, 39599, 21060, 35251, 7427, 40993, 1566]),
  (5544, [3424, 1616, 5230, 230, 2042, 4523, 5409, 5317, 4140, 381]),
])
func permutationStartsWithTheCheckValues(count: Int, first: [Int]) {
  let indices = Permutation.shuffled(count: count)
  #expect(Array(indices.prefix(10)) == first)
  #expect(indices.sorted() == Array(0..<count))
}

@Test(arguments: [0, 1])
func permutationOfNothingToShuffleIsItself(count: Int) {
  #expect(Permutation.shuffled(count: count) == Array(0..<count))
}
