internal import BearLabEvaluation
internal import Foundation

/// What a sweep measured on validation.
public struct SweepResult: Sendable {
  /// A point in a round.
  public struct Entry: Sendable {
    /// The value of each axis, in their order.
    public let values: [String]
    /// From 1.
    public let round: Int
    /// Training samples.
    public let samples: Int
    /// Rows of validation.
    public let rows: Int
    /// Means over the seeds, by the names of `metrics.jsonl`.
    public let metrics: [String: Double]
    /// The folders of its runs, one a seed.
    public let runs: [String]
    /// The place of its point.
    let point: Int
  }

  /// What a value of an axis came to, over the points that have it.
  public struct Sensitivity: Sendable {
    public let axis: String
    public let value: String
    public let points: Int
    /// The mean of the figure that chooses.
    public let mean: Double
    /// The best one.
    public let best: Double
  }

  /// The names of the axes.
  public let axes: [String]
  public let select: ComparisonMetric
  /// The last round first, in each the best first.
  public let entries: [Entry]

  /// The best of the last round.
  public var chosen: Entry { entries[0] }

  init(_ entries: [Entry], axes: [String], select: ComparisonMetric) {
    precondition(!entries.isEmpty, "nothing was measured")
    self.axes = axes
    self.select = select
    self.entries = Dictionary(grouping: entries, by: \.round).sorted { $0.key > $1.key }
      .flatMap { Self.ranked($0.value, by: select) }
  }

  /// The best first; of equal ones that with the lower item NLL, then the earlier point.
  static func ranked(_ entries: [Entry], by select: ComparisonMetric) -> [Entry] {
    func key(_ entry: Entry) -> (Double, Double, Int) {
      let figure = entry.metrics[select.name] ?? (select.isLowerBetter ? .infinity : -.infinity)
      return (
        select.isLowerBetter ? figure : -figure,
        entry.metrics[ComparisonMetric.itemNLL.name] ?? .infinity, entry.point
      )
    }
    return entries.sorted { key($0) < key($1) }
  }

  /// Of each value of each axis, from the first round, which all points took part in.
  public var sensitivity: [Sensitivity] {
    let first = entries.filter { $0.round == 1 }.sorted { $0.point < $1.point }
    return axes.indices.flatMap { axis in
      Self.ordered(first.map { $0.values[axis] }).compactMap { value -> Sensitivity? in
        let figures = first.filter { $0.values[axis] == value }
          .compactMap { $0.metrics[select.name] }
        guard let best = select.isLowerBetter ? figures.min() : figures.max() else { return nil }
        return Sensitivity(
          axis: axes[axis], value: value, points: figures.count,
          mean: figures.reduce(0, +) / Double(figures.count), best: best)
      }
    }
  }

  /// Each value once: numbers by size, others in the order of their appearance.
  private static func ordered(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    let distinct = values.filter { seen.insert($0).inserted }
    let numbers = distinct.compactMap { Double($0) }
    guard numbers.count == distinct.count else { return distinct }
    return zip(numbers, distinct).sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension SweepResult.Entry {
  /// Takes the means over the seeds of a point.
  init(
    values: [String], point: Int, round: Int, samples: Int, _ figures: [EvaluationFigures],
    runs: [String]
  ) {
    self.values = values
    self.point = point
    self.round = round
    self.samples = samples
    self.runs = runs
    rows = figures.first?.rows ?? 0
    var metrics: [String: Double] = [:]
    func add(_ name: String, _ values: [Double]) {
      guard !values.isEmpty, values.count == figures.count else { return }
      metrics[name] = SeedReport.spread(values).mean
    }
    for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
      add(ComparisonMetric.ndcg(cutoff).name, figures.map { $0.ndcg[place] })
      add(ComparisonMetric.hitRatio(cutoff).name, figures.map { $0.hr[place] })
    }
    add(ComparisonMetric.itemNLL.name, figures.compactMap(\.itemNLL))
    for name in figures.first?.further.keys.sorted() ?? [] {
      add(name, figures.compactMap { $0.further[name] })
    }
    self.metrics = metrics
  }
}
