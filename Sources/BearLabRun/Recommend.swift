public import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// A place in a list of recommendations.
public struct Recommendation: Sendable, Equatable, Encodable {
  /// From 1.
  public let rank: Int
  public let title: String
  /// The ids of the items that bear the title; none for an answer that is no title.
  public let items: [Int]
  /// What the decoder sorts by: a log-probability in nats, unless it divides by a length.
  public let score: Float
}

extension Experiment {
  /// Recommends behind a history of titles.
  ///
  /// - Parameters:
  ///   - titles: oldest first; what is no title is looked for, see `TitleFinder`.
  ///   - run: the run whose best checkpoint is asked; nil for the base model.
  ///   - count: the length of the list, at most.
  ///   - observer: told of the titles that were taken for others, and of what is left out.
  /// - Returns: the best first; fewer than `count` where the decoder finds fewer.
  /// - Throws: ``RecommendError``, and what the run's checkpoint and the decoder throw.
  public func recommend(
    history titles: [String], run: RunFolder?, count: Int, observer: (RunEvent) -> Void
  ) throws -> [Recommendation] {
    try run.map(changes)?.forEach { observer(.notice($0)) }
    let history = try dataset.catalogue.history(of: titles, observer: observer)
    try prepareRecommender(of: run, observer: observer)
    let injector = try makeInjector(observer: observer)
    let weights =
      try run.map { try trainedWeights(of: $0, injector: injector).weights }
      ?? untrainedWeights(injector: injector)
    let matcher = try matcher
    return try evaluator().answers(behind: history, weights: weights).prefix(count).enumerated()
      .map { place, answer in
        Recommendation(
          rank: place + 1, title: matcher.text(of: answer),
          items: answer.title.map(dataset.catalogue.items) ?? [], score: answer.score)
      }
  }

}

extension Catalogue {
  /// An item for each of the last titles, as many as windows have.
  func history(
    of titles: [String], observer: (RunEvent) -> Void
  ) throws(RecommendError) -> [Int] {
    guard !titles.isEmpty else { throw .noHistory }
    if titles.count > Self.historyLimit {
      observer(
        .notice("of \(titles.count) titles the last \(Self.historyLimit) are the history"))
    }
    let finder = TitleFinder(self)
    var items: [Int] = []
    for text in titles.suffix(Self.historyLimit) {
      let found = try finder.find(text)
      let title = self.titles[found]
      if !title.utf8.elementsEqual(text.utf8) {
        observer(.notice("took '\(title)' for '\(text)'"))
      }
      items.append(self.items(withTitle: found)[0])
    }
    return items
  }

  /// The longest history of the published windows, in items.
  private static let historyLimit = 10
}

/// Why nothing can be recommended behind a history.
public enum RecommendError: BearLabError, Equatable {
  case noHistory
  case unknownTitle(String, near: [String])
  case severalTitles(String, near: [String])

  public var description: String {
    switch self {
    case .noHistory: "the history has no title"
    case .unknownTitle(let text, _): "there is no title like '\(text)'"
    case .severalTitles(let text, _): "several titles are as near to '\(text)'"
    }
  }

  public var remedy: String {
    func list(_ titles: [String]) -> String { titles.map { "'\($0)'" }.joined(separator: ", ") }
    return switch self {
    case .noHistory: "give at least one title, oldest first"
    case .unknownTitle(_, let near) where near.isEmpty:
      "give a title as the data set writes it"
    case .unknownTitle(_, let near): "give a title of the data set; the nearest are \(list(near))"
    case .severalTitles(_, let near): "give one of \(list(near))"
    }
  }
}
