import BearLabCore
import BearLabFormats
import Foundation
import Testing

@testable import BearLabData

@Suite struct SyntheticTests {
  private func source(_ text: String) throws -> SyntheticSource {
    try SyntheticSource(name: "synthetic:\(text)")
  }

  /// Every machine must draw the same; all but the titles' hash are those of `make_synthetic.py`,
  /// and so is the hit rate.
  @Test func aSeedIsADataSet() throws {
    let source = try source("items=100,users=300,seed=5")
    try withFolder("made", [:]) { folder in
      let record = try source.write(to: "\(folder)/out")
      let hashes = try ["id2name4Rec.json", "train.csv", "valid.csv", "test.csv"].map {
        String(try FileHash.sha256(path: "\(folder)/out/\($0)").prefix(16))
      }
      #expect(
        hashes == ["97da0e53ca877f53", "71613f61e9624ec7", "f8e5d33fa7b0b97b", "f371c917dc35f611"])
      #expect(record.source == source.name && record.counts.users == 300)
    }
    let best = source.best(for: SyntheticPopulation(source).content.files.test)
    #expect(abs(best.hr[2] - 0.8318978105238438) < 1e-12)
  }

  @Test func anotherSeedIsAnother() throws {
    let windows = try ["seed=1", "seed=2", "seed=1"].map {
      try Array(SyntheticPopulation(source("users=100," + $0)).content.files.train)
    }
    #expect(windows[0] != windows[1] && windows[0] == windows[2])
  }

  @Test func nameAndParametersAreTheSame() throws {
    let text =
      "synthetic:items=70,users=150,clusters=7,shortest=3,longest=9,follow=0.5,zipf=1.5,seed=9"
    #expect(try SyntheticSource(name: text).name == text)
    #expect(try source("").name == SyntheticSource([:]).name)
    #expect(
      SyntheticSource.recognises(folder: "synthetic:") && !SyntheticSource.isName("synthetic"))
  }

  @Test(arguments: [
    ("items=10", "parameter 'items' cannot be '10'"), ("item=10", "has no parameter 'item'"),
    ("items", "parameter 'items' cannot be ''"), ("=", "has no parameter ''"),
    ("items=20,items=30", "parameter 'items' cannot be '30'"),
    ("items=20,clusters=21", "parameter 'clusters' cannot be '21'"),
    ("shortest=9,longest=8", "parameter 'shortest' cannot be '9'"),
    ("follow=nan", "parameter 'follow' cannot be 'nan'"), ("seed=-1", "parameter 'seed' cannot be"),
  ])
  func wrongParametersAreNamed(text: String, says: String) throws {
    let error = try #require(throws: ParameterError.self) { try source(text) }
    #expect(error.description.contains(says), "\(error.description)")
    #expect(!error.remedy.isEmpty)
  }

  /// Sizes are as asked for, lengths in their range, titles distinct, time moves on.
  @Test func theSizesAreThoseAskedFor() throws {
    let made = try source("items=5001,users=400,clusters=43,shortest=3,longest=12,seed=3")
    let content = SyntheticPopulation(made).content
    let files = content.files
    #expect(files.titles.count == 5001 && Set(files.titles).count == 5001)
    let windows = Array(files.train) + Array(files.validation) + Array(files.test)
    #expect(Set(windows.map(\.user)).count == 400)
    #expect(windows.allSatisfy { (2...10).contains($0.history.count) })
    #expect(zip(windows, windows.dropFirst()).allSatisfy { $0.timestamp <= $1.timestamp })
    #expect((400 * 3...400 * 12).contains(content.interactions))
  }

  /// The rules, counted: clusters follow each other, and ranks follow Zipf's law.
  @Test func preferencesAreThoseDocumented() throws {
    let made = try source("items=60,users=6000,clusters=6,follow=0.7,zipf=1")
    let windows = Array(SyntheticPopulation(made).content.files.train)
    let follows = windows.count { ($0.history[$0.history.count - 1]) % 6 == ($0.target - 1) % 6 }
    #expect(abs(Double(follows) / Double(windows.count) - (0.7 + 0.3 / 6)) < 0.01)
    let harmonic = (1...10).reduce(0) { $0 + 1 / Double($1) }
    for rank in 0..<10 {
      let share = windows.count { ($0.target - 1) / 6 == rank }
      #expect(abs(Double(share) / Double(windows.count) - 1 / Double(rank + 1) / harmonic) < 0.01)
    }
  }

  /// What the best recommender is said to expect is what its lists get, to the noise of a sample.
  @Test func theBestFiguresAreReached() throws {
    let made = try source("items=200,users=9000,clusters=10,follow=0.8,zipf=1,seed=2")
    let test = Array(SyntheticPopulation(made).content.files.test)
    let best = made.best(for: test)
    #expect(best.hr[0] < best.hr[1] && best.hr[1] < best.hr[2] && best.ndcg[2] < best.hr[2])
    let lists = (1...200).map { made.bestList(after: $0).map(\.item) }
    for (place, cutoff) in BestFigures.cutoffs.enumerated() {
      let ranks = test.map { window in
        lists[window.history[window.history.count - 1] - 1].prefix(cutoff).firstIndex(
          of: window.target)
      }
      let hits = Double(ranks.count { $0 != nil }) / Double(test.count)
      let gains = ranks.reduce(0.0) { $0 + ($1.map { 1 / log2(Double($0 + 2)) } ?? 0) }
      let error = 4 * (best.hr[place] * (1 - best.hr[place]) / Double(test.count)).squareRoot()
      #expect(abs(hits - best.hr[place]) < error)
      #expect(abs(gains / Double(test.count) - best.ndcg[place]) < error)
    }
    // No other list has more: any ten items have at most this probability.
    let all = (1...200).reduce(0.0) { sum, item in
      sum + (made.bestList(after: 5).first { $0.item == item }?.probability ?? 0)
    }
    #expect(all <= 1 && all > 0.5)
  }

  /// With one cluster the best list is the most popular items, and its probability is known.
  @Test func oneClusterIsPopularityAlone() throws {
    let made = try source("items=20,users=100,clusters=1,zipf=0")
    #expect(made.bestList(after: 3).map(\.item) == Array(1...10))
    let best = made.best(for: [Window(user: 1, history: [3], target: 4, timestamp: 0)])
    #expect(abs(best.hr[2] - 0.5) < 1e-12 && abs(best.hr[0] - 0.05) < 1e-12)
  }
}
