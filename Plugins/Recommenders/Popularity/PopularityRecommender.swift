public import BearLabCore

/// Ranks every title by how often it is the target of a training window, for all users alike.
///
/// Items that share a title are counted together; equal counts are ranked by title, in the order of
/// their bytes. The floor that a trained model has to clear.
///
/// - Source: section 1 of the method specification, "How to tell it is right".
public struct PopularityRecommender: Recommender {
  public static let summary = "the most frequent training targets, the same for every user"

  /// `[items]`: the number of titles ranked at or below each item's.
  private var itemScores: [Float] = []

  public init(_ values: ParameterValues) throws {}

  public mutating func fit(
    train: [Window], validation: [Window], catalogue: Catalogue, seed: UInt64
  ) {
    var counts = [Int](repeating: 0, count: catalogue.titles.count)
    for window in train { counts[catalogue.titleNumber(of: window.target)] += 1 }
    let ranking = counts.indices.sorted { first, second in
      if counts[first] != counts[second] { return counts[first] > counts[second] }
      return catalogue.titles[first].utf8.lexicographicallyPrecedes(catalogue.titles[second].utf8)
    }
    itemScores = [Float](repeating: 0, count: catalogue.itemCount)
    for (place, title) in ranking.enumerated() {
      for item in catalogue.items(withTitle: title) {
        itemScores[item - 1] = Float(ranking.count - place)
      }
    }
  }

  /// The score of every item: how many titles do not precede its own in the ranking.
  ///
  /// Places and not counts, so that a score ties only between items of one title.
  ///
  /// - Throws: ``PopularityError/notFitted``.
  public func scores(history: [Int]) throws(PopularityError) -> [Float] {
    guard !itemScores.isEmpty else { throw .notFitted }
    return itemScores
  }
}

/// What can be wrong with the use of ``PopularityRecommender``.
public enum PopularityError: BearLabError, Equatable {
  case notFitted

  public var description: String { "the popularity recommender has counted no training windows" }
  public var remedy: String { "call fit(train:validation:catalogue:seed:) first" }
}

/// Registers the recommender `popularity`.
public enum PopularityModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "popularity", PopularityRecommender.self)
  }
}
