public import BearLabCore
internal import BearLabTensor

/// Ranks every title by how often it is the target of a training window, for all users alike.
///
/// Items that share a title are counted together; equal counts are ranked by title, in the order of
/// their bytes. The floor that a trained model has to clear.
///
/// - Source: section 1 of the method specification, "How to tell it is right".
public struct PopularityRecommender: Recommender {
  public static let summary = "the most frequent training targets, the same for every user"

  public init(_ values: ParameterValues) throws {}

  /// Counts the training targets.
  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) -> any FittedRecommender {
    let catalogue = data.catalogue
    var counts = [Int](repeating: 0, count: catalogue.titles.count)
    for window in data.train { counts[catalogue.titleNumber(of: window.target)] += 1 }
    let places = catalogue.titlePlaces
    let ranking = counts.indices.sorted {
      (counts[$1], places[$0]) < (counts[$0], places[$1])
    }
    var scores = [Float](repeating: 0, count: catalogue.itemCount)
    for (place, title) in ranking.enumerated() {
      for item in catalogue.items(withTitle: title) {
        scores[item - 1] = Float(ranking.count - place)
      }
    }
    return Popularity(scores: scores)
  }

  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    Popularity(scores: try tensors.values("scores", shape: [catalogue.itemCount]))
  }
}

/// The popularity of every item, for everybody.
private final class Popularity: FittedRecommender {
  /// `[items]`: how many titles do not precede the item's own in the ranking.
  ///
  /// Places and not counts, so that a score ties only between items of one title.
  private let itemScores: [Float]

  init(scores: [Float]) { itemScores = scores }

  func scores(histories: [[Int]]) -> [[Float]] { histories.map { _ in itemScores } }

  var tensors: [(name: String, tensor: Tensor)] {
    [("scores", Tensor(itemScores, shape: [itemScores.count]))]
  }
}

/// Registers the recommender `popularity`.
public enum PopularityModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "popularity", PopularityRecommender.self)
  }
}
