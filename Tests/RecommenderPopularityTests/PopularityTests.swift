import BearLabCore
import BearLabData
import BearLabEvaluation
import Foundation
import RecommenderPopularity
import Testing

/// Title numbers by the scores of the items that bear them, best first.
private func ranking(_ scores: [Float], _ catalogue: Catalogue) -> [Int] {
  catalogue.titles.indices
    .map { (title: $0, score: scores[catalogue.items(withTitle: $0)[0] - 1]) }
    .sorted { $0.score > $1.score }
    .map(\.title)
}

/// NDCG@5, NDCG@10, HR@5 and HR@10 of section 1, "How to tell it is right", in units of 1e-4.
@Test(arguments: [("office", [0.0, 5, 0, 16]), ("book", [37.0, 46, 66, 96])])
func popularityReachesThePublishedFloor(name: String, expected: [Double]) throws {
  let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let folder = repository.appending(path: "../shared/data/\(name)").standardizedFileURL
    .path(percentEncoded: false)
  guard FileManager.default.fileExists(atPath: folder) else {
    print("skipped: there is no \(folder)")
    return
  }
  let data = try OfficialSource([:]).load(folder: folder)
  let popularity = try PopularityRecommender([:]).fit(
    RecommenderData(train: data.train, validation: [], catalogue: data.catalogue, seed: 0))
  let top = ranking(try popularity.scores(history: []), data.catalogue).prefix(10)
  let summary = RankingSummary(
    ranks: data.test.map {
      RankingMetrics.rank(of: data.catalogue.titleNumber(of: $0.target), in: Array(top))
    })
  let actual = [summary.ndcg(5), summary.ndcg(10), summary.hr(5), summary.hr(10)]
  #expect(actual.map { ($0 * 10_000).rounded() } == expected)
}

/// A (items 1 and 4) is a target twice, b and B once each, C never; B precedes b in bytes.
@Test func titlesAreCountedTogetherAndTiesAreByBytes() throws {
  let catalogue = Catalogue(itemTitles: ["A", "b", "B", "A", "C"])
  let train = [1, 4, 2, 3].map { Window(user: 1, history: [5], target: $0, timestamp: 0) }
  let recommender = try PopularityRecommender([:])
  let popularity = try recommender.fit(
    RecommenderData(train: train, validation: [], catalogue: catalogue, seed: 0))
  let scores = try popularity.scores(history: [2, 3])
  #expect(scores == [4, 2, 3, 4, 1])
  #expect(ranking(scores, catalogue).map { catalogue.titles[$0] } == ["A", "B", "b", "C"])
}

@Test func popularityIsStoredAndRegistered() throws {
  let catalogue = Catalogue(itemTitles: ["A", "B", "C"])
  let recommender = try PopularityRecommender([:])
  let train = [Window(user: 1, history: [1], target: 2, timestamp: 0)]
  let fitted = try recommender.fit(
    RecommenderData(train: train, validation: [], catalogue: catalogue, seed: 0))
  let restored = try recommender.restore(StoredTensors(fitted.tensors), catalogue: catalogue)
  #expect(try restored.scores(history: [3]) == fitted.scores(history: [3]))
  #expect(throws: StoredTensorError.shape("scores", stored: [3], expected: [2])) {
    try recommender.restore(
      StoredTensors(fitted.tensors), catalogue: Catalogue(itemTitles: ["A", "B"]))
  }
  let registry = PluginRegistry()
  try registry.add(PopularityModule.self)
  #expect(try registry.recommenders.find("popularity") == PopularityRecommender.self)
}
