public import BearLabEvaluation

extension EvaluationFigures {
  /// A figure under its key in `metrics.jsonl`, with its 95 % interval where it is a mean of gains.
  public struct Metric: Sendable, Equatable {
    public let name: String
    public let value: Double
    public let interval: BinomialInterval?
  }

  /// All figures: `ndcg@10`, `seen_hr@5`, `item_nll`, further metrics by name, …; those of no
  /// rows are left out.
  public var metrics: [Metric] {
    let parts = [("", all), ("seen_", seen), ("unseen_", unseen)].filter { $0.1.rows > 0 }
    let gains = parts.flatMap { prefix, figures in
      RankingMetrics.cutoffs.enumerated().flatMap { place, cutoff in
        [
          Metric(
            name: "\(prefix)ndcg@\(cutoff)", value: figures.ndcg[place],
            interval: figures.ndcgIntervals[place]),
          Metric(
            name: "\(prefix)hr@\(cutoff)", value: figures.hr[place],
            interval: figures.hrIntervals[place]),
        ]
      }
    }
    return gains
      + [("item_nll", itemNLL), ("valid_share", validShare)].compactMap { name, value in
        value.map { Metric(name: name, value: $0, interval: nil) }
      }
      + further.sorted { $0.key < $1.key }.map {
        Metric(name: $0.key, value: $0.value, interval: nil)
      }
  }

  /// A figure by its key in `metrics.jsonl`; nil where there is none.
  public func metric(_ name: String) -> Metric? { metrics.first { $0.name == name } }
}
