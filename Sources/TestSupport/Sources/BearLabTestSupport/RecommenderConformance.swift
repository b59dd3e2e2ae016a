public import BearLabCore
internal import BearLabTensor

/// Windows of a catalogue of five items in which each item follows the one before it, without end.
///
/// Histories have one to three items, so that two at least can be negatives.
public func cycleData(repeats: Int = 8, seed: UInt64 = 1) -> RecommenderData {
  let windows = (0..<5 * 3 * repeats).map { index in
    let (start, length) = (index % 5, index / 5 % 3 + 1)
    return Window(
      user: index, history: (0..<length).map { (start + $0) % 5 + 1 },
      target: (start + length) % 5 + 1, timestamp: index)
  }
  return RecommenderData(
    train: windows, validation: Array(windows.prefix(15)),
    catalogue: Catalogue(itemTitles: ["a", "b", "c", "d", "e"]), seed: seed)
}

/// Checks recommenders against the contracts of `Recommender` and `FittedRecommender`.
///
/// ```swift
/// @Test func conforms() throws {
///   try RecommenderConformance.check(MyRecommender.self)
/// }
/// ```
///
/// It learns the cycle of ``cycleData(repeats:seed:)`` to a hit ratio of 1 at the first place; twice
/// the same training gives the same bits; what is restored scores the same; scores do not depend on
/// the other histories; an empty one has scores.
public enum RecommenderConformance {
  /// Checks a type: what it declares, and a recommender with some parameters.
  ///
  /// - Parameters:
  ///   - type: the recommender under test.
  ///   - parameters: those that differ from the defaults, such as those with which it learns fast.
  ///   - learnsCycle: whether it can learn which item follows which.
  /// - Throws: ``ConformanceError``, and what the recommender throws.
  public static func check(
    _ type: any Recommender.Type, _ parameters: [String: ParameterValue] = [:],
    learnsCycle: Bool = true
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    try ConformanceError.require(
      problems(of: type.init(parameters), learnsCycle: learnsCycle), of: type, as: "Recommender")
  }

  /// Looks for what is wrong with a recommender.
  ///
  /// - Parameters:
  ///   - recommender: with settings under which it can learn the cycle.
  ///   - learnsCycle: whether it can at all.
  /// - Returns: what is wrong, empty where nothing is.
  /// - Throws: what the recommender throws.
  public static func problems(
    of recommender: any Recommender, learnsCycle: Bool = true
  ) throws -> [String] {
    var problems: [String] = []
    let data = cycleData()
    let fitted = try recommender.fit(data)
    let histories = data.validation.map(\.history)
    let scores = try fitted.scores(histories: histories)
    guard scores.count == histories.count, scores.allSatisfy({ $0.count == 5 }) else {
      return [
        "\(histories.count) histories over 5 items have scores of the lengths \(scores.map(\.count))"
      ]
    }
    for (window, row) in zip(data.validation, scores) where learnsCycle {
      let best = row.indices.max { row[$0] < row[$1] }
      if best != window.target - 1 {
        problems.append(
          "behind \(window.history) item \((best ?? 0) + 1) is first, and not the one that always "
            + "follows, \(window.target): \(row)")
      }
    }
    if try recommender.fit(data).scores(histories: histories) != scores {
      problems.append("the same training twice gives other scores")
    }
    let restored = try recommender.restore(
      StoredTensors(fitted.tensors), catalogue: data.catalogue)
    if try restored.scores(histories: histories) != scores {
      problems.append("what is restored has other scores")
    }
    for (history, row) in zip(histories, scores) {
      let gap = try relativeGap(fitted.scores(history: history), row)
      if gap > 1e-5 { problems.append("\(history) alone has other scores, by \(gap)") }
    }
    let empty = try fitted.scores(history: [])
    if empty.count != 5 || !empty.allSatisfy(\.isFinite) {
      problems.append("an empty history has the scores \(empty)")
    }
    if let vectors = try fitted.userVectors(histories: histories), let items = fitted.itemEmbeddings
    {
      let products = vectors.linear(items).scalars
      let gap = relativeGap(products, scores.flatMap { $0 })
      if gap > 1e-5 { problems.append("vectors times embeddings are no scores, by \(gap)") }
    }
    return problems
  }
}
