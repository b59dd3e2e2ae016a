internal import Foundation
public import BearLabCore

/// Gains of a ranked list with one right answer.
///
///     HR@K   = 1[r < K]                  r: place of the right answer, from 0
///     NDCG@K = 1[r < K] / log2(r + 2)    the ideal list has gain 1
///
/// - Source: section 8.1 of the method specification; the official code's `evaluate`.
public enum RankingMetrics {
  /// The K of the tables.
  public static let cutoffs = [1, 5, 10]

  /// The place of `target` in `titles` (title numbers, best first, nil for what is no title) from 0, or nil without it.
  public static func rank(of target: Int, in titles: [Int?]) -> Int? {
    titles.enumerated().first { $0.element == target }?.offset
  }

  /// 1 where the right answer is among the first `k`.
  public static func hitRate(rank: Int?, k: Int) -> Double {
    guard let rank, rank < k else { return 0 }
    return 1
  }

  /// The discounted gain of the right answer among the first `k`.
  public static func ndcg(rank: Int?, k: Int) -> Double {
    guard let rank, rank < k else { return 0 }
    return 1 / log2(Double(rank + 2))
  }
}

/// A metric as a table names it.
public struct NamedMetric: Sendable {
  public let name: String
  /// How many places of a list it looks at; nil for all there are.
  public let cutoff: Int?
  private let metric: any Metric

  /// Names a metric.
  public init(_ name: String, _ metric: any Metric, cutoff: Int?) {
    self.name = name
    self.metric = metric
    self.cutoff = cutoff
  }

  /// The gain of one list: `rank` is the place of the right answer from 0, or nil without it.
  public func gain(rank: Int?) -> Double { metric.gain(rank: rank) }

  /// The mean gain over all instances; 0 without any.
  func mean(_ summary: RankingSummary) -> Double { summary.mean(metric.gain) }
}

extension NamedMetric: Hashable {
  /// Whether a table names them alike.
  public static func == (first: NamedMetric, second: NamedMetric) -> Bool {
    first.name == second.name
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The hit rate as a plug-in.
public struct HitRateMetric: Metric {
  public static let summary = "hit rate: 1 where the right answer is among the first k"
  public static let parameters: [Parameter] = [.cutoff]
  private let k: Int

  public init(_ values: ParameterValues) throws { k = try values["k"] }

  public func gain(rank: Int?) -> Double { RankingMetrics.hitRate(rank: rank, k: k) }
}

/// The normalised discounted cumulative gain as a plug-in.
public struct NDCGMetric: Metric {
  public static let summary = "NDCG: 1 / log2(rank + 2) where the right answer is among the first k"
  public static let citation =
    "K. Järvelin and J. Kekäläinen, \"Cumulated gain-based evaluation of IR techniques\", 2002"
  public static let parameters: [Parameter] = [.cutoff]
  private let k: Int

  public init(_ values: ParameterValues) throws { k = try values["k"] }

  public func gain(rank: Int?) -> Double { RankingMetrics.ndcg(rank: rank, k: k) }
}

extension Parameter {
  fileprivate static let cutoff = Parameter.integer(
    "k", default: 10, in: 1..., unit: "items", "how much of the list counts")
}

/// Registers the metrics `hr` and `ndcg`.
public enum MetricModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(metric: "hr", HitRateMetric.self)
    try registry.register(metric: "ndcg", NDCGMetric.self)
  }
}
