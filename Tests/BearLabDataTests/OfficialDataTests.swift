import BearLabCore
import Testing

@testable import BearLabData

private func load(_ name: String) throws -> Dataset? {
  guard let folder = sharedData(name) else { return nil }
  return try OfficialSource([:]).load(folder: folder)
}

/// How many windows have each length, target included, from 5 to 11.
private func lengthCounts(_ windows: [Window]) -> [Int] {
  (5...11).map { length in windows.count { $0.history.count + 1 == length } }
}

private func sharedTitles(_ catalogue: Catalogue) -> [Int] {
  catalogue.titles.indices.map { catalogue.items(withTitle: $0).count }.filter { $0 > 1 }
}

private func unseenItems(_ dataset: Dataset) -> Int {
  let seen = Set(dataset.train.flatMap { $0.history + [$0.target] })
  return dataset.test.count { !seen.contains($0.target) }
}

@Test func officeHasTheCountsOfTheSpecification() throws {
  guard let office = try load("office") else { return }
  #expect(office.catalogue.itemCount == 2414)
  #expect(office.catalogue.titles.count == 2411)
  #expect(sharedTitles(office.catalogue) == [2, 2, 2])
  #expect(office.catalogue.title(of: 1) == "HP 12C Financial Calculator")
  #expect(office.catalogue.titles.count { $0.contains("\n") } == 1)
  #expect(office.catalogue.title(of: 1423).contains("\n"))
  let items = 1...office.catalogue.itemCount
  #expect(items.count { office.catalogue.title(of: $0).contains("  ") } == 84)
  #expect(office.train.count == 15_400)
  #expect(office.trainSample.count == 10_000)
  #expect(office.test.count == 1925)
  #expect(lengthCounts(office.train) == [1000, 543, 294, 199, 149, 132, 13083])
  #expect(lengthCounts(office.test) == [122, 98, 66, 58, 58, 48, 1475])
  #expect(unseenItems(office) == 896)
  let statistics = TrainingStatistics(train: office.train, catalogue: office.catalogue)
  #expect(statistics.targetCounts.reduce(0, +) == 15_400)
  #expect(statistics.targetCounts.max() == 98)
  #expect(
    office.test.count {
      !statistics.seenTitles.contains(office.catalogue.titleNumber(of: $0.target))
    } == 896)
}

/// Expected rows are those of the specification, and of pandas' rule written in Python.
@Test func officeSamplesFollowThePermutation() throws {
  guard let office = try load("office") else { return }
  #expect(
    office.trainSample[0]
      == Window(
        user: 804, history: [1323, 1288, 1293, 805, 1262, 256, 1478, 540, 1276, 603], target: 824,
        timestamp: 1_282_694_400))
  #expect(office.trainSample[0] == office.train[411])
  #expect(
    office.test[0]
      == Window(
        user: 2363, history: [1145, 2267, 2311, 1076, 1506, 1326, 2241, 1521, 219, 1194],
        target: 2396, timestamp: 1_405_900_800))
  #expect(office.validation.count == 691)
  #expect(
    office.validation[0]
      == Window(
        user: 1641, history: [2085, 1271, 2278, 1662, 885, 1299, 2134, 113, 2246, 220],
        target: 2304, timestamp: 1_398_470_400))
  #expect(office.phrases == PromptPhrases.named("office"))
  #expect(office.notices.count == 1)
  #expect(office.notices[0].contains("691 of 691"))
}

/// Midnights (UTC) of 2003-12-05, 2014-05-15, 2014-06-26 and 2014-07-23: check 4 of section 1.
@Test func officeSpansTheDaysOfTheSpecification() throws {
  guard let office = try load("office") else { return }
  #expect(office.train.first?.timestamp == 1_070_582_400)
  #expect(office.train.last?.timestamp == 1_400_112_000)
  let days = Set(office.test.map(\.timestamp))
  #expect(days.min() == 1_403_740_800)
  #expect(days.max() == 1_406_073_600)
  #expect(days.count == 28)
}

@Test func bookHasTheCountsOfTheSpecification() throws {
  guard let book = try load("book") else { return }
  #expect(book.catalogue.itemCount == 6344)
  #expect(book.catalogue.titles.count == 6335)
  #expect(sharedTitles(book.catalogue) == [Int](repeating: 2, count: 9))
  #expect(book.catalogue.title(of: 5746).isEmpty)
  #expect(book.train.count == 35_060)
  #expect(book.test.count == 4383)
  #expect(lengthCounts(book.train) == [3480, 2078, 1305, 848, 646, 455, 26248])
  #expect(lengthCounts(book.test) == [597, 455, 353, 267, 242, 208, 2261])
  #expect(book.train.count { $0.history.contains($0.target) } == 530)
  #expect(book.test.count { $0.history.contains($0.target) } == 13)
  #expect(
    book.test.count {
      book.catalogue.items(withTitle: book.catalogue.titleNumber(of: $0.target)).count > 1
    }
      == 36)
  #expect(unseenItems(book) == 2812)
  #expect(book.validation.count == 3077)
  #expect(
    book.validation[0]
      == Window(
        user: 16144, history: [4507, 4410, 6113, 4518], target: 6118, timestamp: 1_499_472_000))
  #expect(book.trainSample[0] == book.train[4903])
}

/// Two windows of a user in consecutive order overlap in ten items (check 2 of section 1).
@Test func windowsOfAUserOverlapInTenItems() throws {
  guard let office = try load("office") else { return }
  var last: [Int: Window] = [:]
  var overlaps = 0
  for window in office.train {
    if let previous = last[window.user] {
      #expect(window.history == previous.history.dropFirst() + [previous.target])
      overlaps += 1
    }
    last[window.user] = window
  }
  #expect(overlaps > 10_000)
}
