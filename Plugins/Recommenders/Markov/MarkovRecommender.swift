public import BearLabCore
internal import BearLabTensor

/// Ranks items by how often they came right after the last one of the history.
///
///     P(j | i) = (n(i, j) + m · p(j)) / (n(i) + m)
///
/// i is the last item of the history; n(i, j) counts the transitions from i to j, n(i) all from i;
/// p(j) is the share of j among the training targets; m is the weight of popularity, in
/// transitions. Without a history, or behind an item that nothing came after, it is p(j).
///
/// Windows of a user overlap, and each transition is counted once: see `Transitions`.
///
/// - Source: Zhai and Lafferty, "A Study of Smoothing Methods for Language Models", ACM TOIS 22,
///   2004: the Dirichlet prior, here popularity.
public struct MarkovRecommender: Recommender {
  public static let summary = "first-order transitions between items, smoothed with popularity"
  public static let citation =
    "C. Zhai and J. Lafferty, A Study of Smoothing Methods for Language Models, ACM TOIS 22, 2004 "
    + "(Dirichlet prior)"
  public static let parameters: [Parameter] = [
    .real(
      "popularity-weight", default: 10, in: 0...1e6, unit: "transitions",
      "how many transitions popularity counts for behind every item")
  ]

  private let popularityWeight: Float

  public init(_ values: ParameterValues) throws {
    popularityWeight = try values["popularity-weight"]
  }

  /// Counts transitions and targets.
  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) -> any FittedRecommender {
    var targets = [Float](repeating: 0, count: data.catalogue.itemCount)
    for window in data.train { targets[window.target - 1] += 1 }
    let transitions = Transitions(data.train)
    let rows = (0..<targets.count).map { item in
      (transitions.counts[item + 1] ?? [:]).sorted { $0.key < $1.key }
    }
    return Markov(
      rows: rows.map { row in row.map { (item: $0.key, count: Float($0.value)) } },
      targets: targets, popularityWeight: popularityWeight)
  }

  /// Reads the counts.
  ///
  /// - Throws: ``StoredTensorError``, or ``MarkovError`` for counts of items that there are not.
  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    let items = catalogue.itemCount
    let targets = try tensors.values("targets", shape: [items])
    let lengths = try tensors.values("successors", shape: [items])
    guard lengths.allSatisfy({ $0 >= 0 && $0 <= Float(items) && $0 == $0.rounded() }) else {
      throw MarkovError.malformed
    }
    let total = lengths.reduce(0) { $0 + Int($1) }
    let next = try tensors.values("next", shape: [total])
    let counts = try tensors.values("counts", shape: [total])
    guard next.allSatisfy({ $0 >= 1 && $0 <= Float(items) && $0 == $0.rounded() }) else {
      throw MarkovError.malformed
    }
    var start = 0
    let rows = lengths.map { length in
      defer { start += Int(length) }
      return (start..<start + Int(length)).map { (item: Int(next[$0]), count: counts[$0]) }
    }
    return Markov(rows: rows, targets: targets, popularityWeight: popularityWeight)
  }
}

/// What can be wrong with stored counts.
public enum MarkovError: BearLabError, Equatable {
  case malformed

  public var description: String { "the stored transitions name items that there are not" }
  public var remedy: String { "let the recommender be trained again" }
}

/// Counted transitions.
private final class Markov: FittedRecommender {
  /// `[items]`: what came after item i + 1, and how often, by ascending item.
  private let rows: [[(item: Int, count: Float)]]
  /// `[items]`: how often item i + 1 is a training target.
  private let targets: [Float]
  /// `[items]`: the share of item i + 1 among the targets.
  private let popularity: [Float]
  private let popularityWeight: Float

  init(rows: [[(item: Int, count: Float)]], targets: [Float], popularityWeight: Float) {
    self.rows = rows
    self.targets = targets
    self.popularityWeight = popularityWeight
    let total = max(targets.reduce(0, +), 1)
    popularity = targets.map { $0 / total }
  }

  func scores(histories: [[Int]]) -> [[Float]] { histories.map(scores) }

  private func scores(_ history: [Int]) -> [Float] {
    guard let last = history.last, rows.indices.contains(last - 1), !rows[last - 1].isEmpty else {
      return popularity
    }
    let row = rows[last - 1]
    let total = row.reduce(0) { $0 + $1.count } + popularityWeight
    var scores = popularity.map { popularityWeight * $0 / total }
    for (item, count) in row { scores[item - 1] += count / total }
    return scores
  }

  var tensors: [(name: String, tensor: Tensor)] {
    let lengths = rows.map { Float($0.count) }
    let all = rows.flatMap(\.self)
    return [
      ("targets", Tensor(targets, shape: [targets.count])),
      ("successors", Tensor(lengths, shape: [rows.count])),
      ("next", Tensor(all.map { Float($0.item) }, shape: [all.count])),
      ("counts", Tensor(all.map(\.count), shape: [all.count])),
    ]
  }
}

/// Registers the recommender `markov`.
public enum MarkovModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "markov", MarkovRecommender.self)
  }
}
