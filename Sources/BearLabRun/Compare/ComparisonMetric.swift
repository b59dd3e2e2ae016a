public import BearLabCore
public import BearLabEvaluation
internal import Foundation

/// A figure of each test row by which runs are compared.
public enum ComparisonMetric: Sendable, Hashable {
  /// The gain of the target's place in the list, cut at K titles: 1 / log₂(rank + 2), else 0.
  case ndcg(Int)
  /// Whether the target is among the first K titles.
  case hitRatio(Int)
  /// −log P(target) under the constrained soft-max, nats.
  case itemNLL
  /// A metric of a plug-in, of which more is better.
  case gain(NamedMetric)

  /// What is compared unless something else is asked for.
  public static let defaults: [ComparisonMetric] = [.ndcg(10), .hitRatio(10), .itemNLL]

  /// Reads `ndcg@10`, `hr@5`, `item_nll`, or a plug-in's metric as a run's `metrics` name it.
  ///
  /// - Throws: ``ComparisonError/unknownMetric(_:)``, and what the plug-in throws of its `k`.
  public init(parsing text: String, registry: PluginRegistry) throws {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let cutoff = parts.count == 2 ? Int(parts[1]) : nil
    switch (parts.first, cutoff) {
    case ("item_nll", nil) where parts.count == 1: self = .itemNLL
    case ("ndcg", let cutoff?) where cutoff > 0: self = .ndcg(cutoff)
    case ("hr", let cutoff?) where cutoff > 0: self = .hitRatio(cutoff)
    default:
      guard let name = parts.first, registry.metrics.contains(String(name)),
        !["ndcg", "hr"].contains(name),
        !text.contains(","), let metric = try RunDescription.metrics(text, registry: registry).first
      else { throw ComparisonError.unknownMetric(text) }
      self = .gain(metric)
    }
  }

  /// As `metrics.jsonl` calls it.
  public var name: String {
    switch self {
    case .ndcg(let cutoff): "ndcg@\(cutoff)"
    case .hitRatio(let cutoff): "hr@\(cutoff)"
    case .itemNLL: "item_nll"
    case .gain(let metric): metric.name
    }
  }

  /// Whether a lower value is the better one.
  public var isLowerBetter: Bool { self == .itemNLL }

  /// K; nil of what looks at no list.
  var cutoff: Int? {
    switch self {
    case .ndcg(let cutoff), .hitRatio(let cutoff): cutoff
    case .gain(let metric): metric.cutoff
    case .itemNLL: nil
    }
  }

  /// The figure of a row; nil where the row has none.
  func value(of row: RankedRow) -> Double? {
    switch self {
    case .ndcg(let cutoff):
      row.rank.map { $0 < cutoff ? 1 / log2(Double($0 + 2)) : 0 } ?? 0
    case .hitRatio(let cutoff): row.rank.map { $0 < cutoff ? 1 : 0 } ?? 0
    case .itemNLL: row.itemNLL
    case .gain(let metric): metric.gain(rank: row.rank)
    }
  }
}
