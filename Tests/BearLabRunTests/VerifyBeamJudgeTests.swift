import Testing

@testable import BearLabRun

private func list(_ entries: KeyValuePairs<Int, Double>) -> [BeamJudge.Entry] {
  entries.map { BeamJudge.Entry(title: $0.key, score: $0.value) }
}

private func passes(
  _ golden: KeyValuePairs<Int, Double>, _ found: KeyValuePairs<Int, Double>
) -> Bool {
  if case .pass = BeamJudge(golden: list(golden), found: list(found)).judge() { return true }
  return false
}

@Test func closeItemsMayChangePlaces() {
  #expect(passes([1: -1, 2: -2, 3: -3], [1: -1.004, 2: -2, 3: -3]))
  #expect(passes([1: -1, 2: -1.004, 3: -3], [2: -1.002, 1: -1.003, 3: -3]))
  #expect(!passes([1: -1, 2: -1.006, 3: -3], [2: -1.002, 1: -1.003, 3: -3]))
  // Each is close to its neighbour, but not the first to the last.
  #expect(!passes([1: -1, 2: -1.004, 3: -1.008], [3: -1.004, 2: -1.004, 1: -1.004]))
}

@Test func onlyTheLastItemMayBeAnother() {
  #expect(passes([1: -1, 2: -2], [1: -1, 3: -2.004]))
  #expect(!passes([1: -1, 2: -2], [1: -1, 3: -2.006]))
  #expect(!passes([1: -1, 2: -2], [3: -1.001, 2: -2]))
  #expect(!passes([1: -1, 2: -1.001], [3: -1.001, 4: -1.001]))
  // The other one stands where no close one is.
  #expect(!passes([1: -1, 2: -2, 3: -3], [4: -3, 1: -1, 2: -2]))
}

@Test func scoresAreComparedInAbsoluteOrRelativeTerms() {
  #expect(passes([1: -1], [1: -1.004]))
  #expect(!passes([1: -1], [1: -1.006]))
  #expect(passes([1: -100], [1: -100.009]))
  #expect(!passes([1: -100], [1: -100.011]))
  #expect(!passes([1: -1], [1: .nan]))
}

/// As lists in bf16 are judged: 7 of 10 titles in each, 8 of 10 on average.
@Test func titlesInCommonAreCounted() {
  func overlap(missing: Int) -> BeamJudge.Overlap {
    let entries = (0..<10).map { BeamJudge.Entry(title: $0, score: -Double($0)) }
    let found = entries.map { BeamJudge.Entry(title: $0.title + missing, score: -50) }
    return BeamJudge(golden: entries, found: found.reversed()).overlap
  }
  func passes(_ overlap: BeamJudge.Overlap, onAverage: Bool) -> Bool {
    if case .pass = overlap.judge(onAverage: onAverage) { return true }
    return false
  }
  #expect(passes(overlap(missing: 3), onAverage: false))
  #expect(!passes(overlap(missing: 4), onAverage: false))
  let two = overlap(missing: 1) + overlap(missing: 3)
  #expect(passes(two, onAverage: true) && passes(two + overlap(missing: 2), onAverage: true))
  #expect(!passes(two + overlap(missing: 3), onAverage: true))
}

@Test func listsOfOtherLengthsFail() {
  #expect(!passes([1: -1, 2: -2], [1: -1]))
  #expect(!passes([1: -1], [1: -1, 2: -2]))
  #expect(passes([:], [:]))
}
