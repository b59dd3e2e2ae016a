extension EvaluationFigures {
  /// Each figure's best over some evaluations of the same rows.
  ///
  /// What the official collector prints over the epochs: no single model has these figures.
  ///
  /// - Source: section 8.5 of the method specification.
  public init?(bestOf evaluations: [EvaluationFigures], name: String) {
    guard let first = evaluations.first else { return nil }
    self.init(
      name: name, split: first.split, all: RankingFigures(bestOf: evaluations.map(\.all)),
      seen: RankingFigures(bestOf: evaluations.map(\.seen)),
      unseen: RankingFigures(bestOf: evaluations.map(\.unseen)),
      validShare: evaluations.compactMap(\.validShare).max(),
      itemNLL: evaluations.compactMap(\.itemNLL).min(),
      further: evaluations.reduce(into: [:]) { $0.merge($1.further, uniquingKeysWith: max) })
  }
}

extension RankingFigures {
  /// The best of each column.
  fileprivate init(bestOf figures: [RankingFigures]) {
    func best(_ column: (RankingFigures) -> [Double]) -> [Double] {
      RankingMetrics.cutoffs.indices.map { place in figures.map { column($0)[place] }.max() ?? 0 }
    }
    self.init(rows: figures.first?.rows ?? 0, ndcg: best(\.ndcg), hr: best(\.hr))
  }
}
