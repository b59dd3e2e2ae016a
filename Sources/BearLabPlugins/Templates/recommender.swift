public import BearLabCore
internal import BearLabTensor

/// Counts which item follows which; behind anything else, how often an item is a target.
///
///     score(i) = count(last → i) + ε · count(i)
public struct TemplateRecommender: Recommender {
  public static let summary = "what most often follows the last item"
  public static let parameters: [Parameter] = [
    .real("popularity", default: 0.001, in: 0...1, "ε, the share of the popularity")
  ]
  private let popularity: Float

  public init(_ values: ParameterValues) throws { popularity = try values["popularity"] }

  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender {
    let items = data.catalogue.itemCount
    // Row 0 is that of an empty history, row i that of item i.
    var scores = [Float](repeating: 0, count: (items + 1) * items)
    for window in data.train {
      for row in 0...items { scores[row * items + window.target - 1] += popularity }
      if let last = window.history.last { scores[last * items + window.target - 1] += 1 }
    }
    return Followers(scores, items: items)
  }

  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    let items = catalogue.itemCount
    return Followers(try tensors.values("scores", shape: [items + 1, items]), items: items)
  }
}

/// What was learned: a row of scores for each last item.
private final class Followers: FittedRecommender {
  private let rows: [Float]
  private let items: Int

  init(_ rows: [Float], items: Int) {
    self.rows = rows
    self.items = items
  }

  func scores(histories: [[Int]]) -> [[Float]] {
    histories.map { Array(rows[($0.last ?? 0) * items..<(($0.last ?? 0) + 1) * items]) }
  }

  var tensors: [(name: String, tensor: Tensor)] {
    [("scores", Tensor(rows, shape: [items + 1, items]))]
  }
}

/// Registers the recommender `template`.
public enum TemplateRecommenderModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "template", TemplateRecommender.self)
  }
}
