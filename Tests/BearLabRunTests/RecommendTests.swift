import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

@Suite struct TitleFinderTests {
  private let catalogue = Catalogue(itemTitles: [
    "Toy Story (1995)", "Lion King, The (1994)", "Sabrina (1954)", "Sabrina (1995)",
    "Salt &amp; Sea",
    "AMBER", "Amber", "Spider-Man", "Star Trek: First Contact (1996)", "Up", "!!!", "",
    "Men in Black (1997)", "Men in Blank (1999)", "Stint", "The Sting (1973)",
  ])

  @Test(arguments: [
    // As written, whatever else it resembles.
    ("Amber", "Amber"), ("AMBER", "AMBER"), ("!!!", "!!!"), ("", ""),
    // Case, punctuation, entities.
    ("toy story 1995", "Toy Story (1995)"), ("salt & sea", "Salt &amp; Sea"),
    ("spider man", "Spider-Man"), ("Salt & Sea", "Salt &amp; Sea"),
    // Without the year; with the article in front.
    ("Toy Story", "Toy Story (1995)"), ("the lion king", "Lion King, The (1994)"),
    ("Lion King", "Lion King, The (1994)"), ("Sting", "The Sting (1973)"),
    // By edits.
    ("Toy Strory", "Toy Story (1995)"), ("Spyder-Men", "Spider-Man"), ("Ups", "Up"),
    ("Men in Blck", "Men in Black (1997)"),
  ])
  func titlesAreFoundAsPeopleTypeThem(text: String, expected: String) throws {
    #expect(try catalogue.titles[TitleFinder(catalogue).find(text)] == expected)
  }

  @Test(arguments: [
    ("amber", ["AMBER", "Amber"]), ("Sabrina", ["Sabrina (1954)", "Sabrina (1995)"]),
    ("Men in Blacnk", ["Men in Black (1997)", "Men in Blank (1999)"]),
  ])
  func severalAreNotGuessedAmong(text: String, near: [String]) {
    #expect(throws: RecommendError.severalTitles(text, near: near)) {
      try TitleFinder(catalogue).find(text)
    }
  }

  @Test func whatIsNearestIsNamed() throws {
    func near(_ text: String) throws -> [String] {
      let error = try #require(throws: RecommendError.self) {
        _ = try TitleFinder(catalogue).find(text)
      }
      guard case .unknownTitle(text, let near) = error else {
        Issue.record("\(error)")
        return []
      }
      return near
    }
    #expect(try near("First Contact").first == "Star Trek: First Contact (1996)")
    #expect(try near("Toy Soldiers").contains("Toy Story (1995)"))
    #expect(try near("???").isEmpty)
    #expect(try near("An entirely different kind of title, longer than any other one").isEmpty)
    #expect(RecommendError.unknownTitle("x", near: ["a", "b"]).remedy.hasSuffix("are 'a', 'b'"))
  }
}

@Suite struct RecommendTests {
  private func notices(_ body: ((RunEvent) -> Void) throws -> Void) rethrows -> [String] {
    var notices: [String] = []
    try body { if case .notice(let text) = $0 { notices.append(text) } }
    return notices
  }

  /// The history of a test row gives the row's list of the run's predictions.
  @Test func aRunsCheckpointGivesTheRunsLists() throws {
    try tinyRun(["training.epochs=2"]) { experiment, folder, _ in
      let file = try Data(contentsOf: URL(filePath: folder.predictionsPath))
      let rows = try JSONDecoder().decode([PredictionRow].self, from: file)
      for (window, row) in zip(try experiment.testWindows, rows).prefix(5) {
        let list = try experiment.recommend(
          history: window.history.map(experiment.dataset.catalogue.title), run: folder, count: 10
        ) { _ in }
        #expect(list.map { "\"\($0.title)\"" } == row.predict)
        #expect(list.map(\.rank) == Array(1...10))
        #expect(largestGap(list.map(\.score), row.predict_scores) < 1e-5)
      }
    }
  }

  @Test func titlesAreLookedForWithANotice() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      try withCompute {
        var exact: [Recommendation] = []
        let quiet = try notices {
          exact = try experiment.recommend(
            history: ["Amber", "Salt &amp; Sea"], run: nil, count: 4, observer: $0)
        }
        #expect(quiet.isEmpty && exact.count == 4)
        let told = try notices {
          let near = try experiment.recommend(
            history: ["amber", "Salt & Sea"], run: nil, count: 4, observer: $0)
          #expect(near == exact)
        }
        #expect(
          told == ["took 'Amber' for 'amber'", "took 'Salt &amp; Sea' for 'Salt & Sea'"])
        // Two items share the title.
        let all = try experiment.recommend(
          history: ["Sea"], run: nil, count: 1000, observer: { _ in })
        for place in all {
          #expect(place.items == (place.title == "Amber" ? [1, 6] : Array(place.items.prefix(1))))
        }
      }
    }
  }

  @Test func theLastTenAreTheHistory() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(cache: cache)
      try withCompute {
        let titles = Array(TinyDataset.titles.suffix(12))
        let told = try notices {
          let long = try experiment.recommend(history: titles, run: nil, count: 3, observer: $0)
          let last = try experiment.recommend(
            history: Array(titles.suffix(10)), run: nil, count: 3, observer: { _ in })
          #expect(long == last)
        }
        #expect(told == ["of 12 titles the last 10 are the history"])
        #expect(throws: RecommendError.noHistory) {
          try experiment.recommend(history: [], run: nil, count: 3) { _ in }
        }
      }
    }
  }
}
