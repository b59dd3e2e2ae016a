import BearLabCore
import Testing

@testable import BearLabData

private func interactions(_ user: Int, _ count: Int, from time: Int = 0) -> [Interaction] {
  (0..<count).map { Interaction(user: user, item: $0 + 1, timestamp: time + $0) }
}

/// Up to eleven interactions make one window with all of them.
@Test(arguments: [5, 10, 11])
func shortSequencesMakeOneWindow(count: Int) {
  let windows = Windowing.windows(interactions(3, count))
  #expect(
    windows == [
      Window(user: 3, history: Array(1..<count), target: count, timestamp: count - 1)
    ])
}

@Test func longSequencesMakeOverlappingWindows() {
  let windows = Windowing.windows(interactions(3, 13))
  #expect(windows.map(\.target) == [11, 12, 13])
  #expect(windows.map(\.history) == [Array(1...10), Array(2...11), Array(3...12)])
  #expect(windows.map(\.timestamp) == [10, 11, 12])
}

@Test func windowsAreSortedByTimeThenUser() {
  let windows = Windowing.windows(
    interactions(9, 5, from: 5) + interactions(4, 5, from: 5) + interactions(7, 5)
      + interactions(1, 4))
  #expect(windows.map(\.user) == [7, 4, 9])
}

/// Item 6 is met by four users only; without it user 5 has four interactions and goes, and so do
/// all items that then have four users.
@Test func fiveCoreIsRepeatedUntilStable() {
  var all = (1...5).flatMap { user in
    (1...5).map { Interaction(user: user, item: $0, timestamp: 0) }
  }
  #expect(Windowing.fiveCore(all) == all)
  all.removeAll { $0.user == 5 && $0.item == 5 }
  all += [1, 2, 3, 5].map { Interaction(user: $0, item: 6, timestamp: 0) }
  #expect(Windowing.fiveCore(all).isEmpty)
}

/// 0.8 · 11 = 8.8 and 0.9 · 11 = 9.9, both cut down.
@Test func splitCutsAtTheFloors() {
  let parts = Windowing.split(numberedWindows(11))
  #expect(parts.train.map(\.user) == Array(0..<8))
  #expect(parts.validation.map(\.user) == [8])
  #expect(parts.test.map(\.user) == [9, 10])
}

/// Ten windows: floor(10 / 8) = 1 leaves training, and the order is the permutation of nine.
@Test func theTailLeavesASmallTrainingSet() {
  let split = ValidationSplit(carvedFrom: numberedWindows(10))
  #expect(split.validation.map(\.user) == [9])
  #expect(split.trainSample.map(\.user) == Permutation.shuffled(count: 9))
  #expect(split.notice.contains("do not train on"))
}

/// Of 10 100 windows the sample leaves 100, too few to select on.
@Test func theTailLeavesAlsoWhereTheSampleLeavesTooLittle() {
  let split = ValidationSplit(carvedFrom: numberedWindows(10_100))
  #expect(Set(split.validation.map(\.user)) == Set(8838..<10_100))
  #expect(split.validation.map(\.user) == Permutation.shuffled(count: 1262).map { $0 + 8838 })
  #expect(split.trainSample.map(\.user) == Permutation.shuffled(count: 8838))
}

@Test func aLargeTrainingSetKeepsItsSample() {
  let split = ValidationSplit(carvedFrom: numberedWindows(20_000))
  let order = Permutation.shuffled(count: 20_000)
  #expect(split.trainSample.map(\.user) == Array(order.prefix(10_000)))
  let left = Set(17_500..<20_000).subtracting(order.prefix(10_000))
  #expect(Set(split.validation.map(\.user)) == left)
  #expect(split.validation.map(\.user) != left.sorted())
}

@Test func evaluationWindowsAreAtMostFiveThousand() {
  let split = ValidationSplit(carvedFrom: numberedWindows(80_000))
  #expect(split.validation.count == 5000)
  #expect(split.validation.allSatisfy { $0.user >= 70_000 })
}

@Test func aValidationFileIsPermutedAndLeavesTrainingAlone() throws {
  let rows = (1...10).map { "\($0),\"[1, 2]\",\($0)\n" }.joined()
  let dataset = try withFolder(
    "Book", officialFiles(["valid.csv": "user_id,item_ids,timestamp\n" + rows])
  ) { try OfficialSource([:]).load(folder: $0) }
  #expect(dataset.validation.map(\.user) == Permutation.shuffled(count: 10).map { $0 + 1 })
  #expect(dataset.trainSample.count == dataset.train.count)
  #expect(dataset.notices == ["validation: 10 of 10 windows of valid.csv"])
}

@Test func statisticsCountTitlesAndNotItems() {
  let catalogue = Catalogue(itemTitles: ["A", "B", "C", "A", "D"])
  let statistics = TrainingStatistics(
    train: [
      Window(user: 1, history: [2], target: 1, timestamp: 0),
      Window(user: 2, history: [2, 3], target: 4, timestamp: 0),
    ], catalogue: catalogue)
  #expect(statistics.targetCounts == [2, 0, 0, 0])
  #expect(statistics.seenTitles == [0, 1, 2])
}
