internal import BearLabEvaluation
internal import Foundation

extension Rescore {
  /// The figures with a name before their keys and columns.
  private var parts: [(name: String, figures: RankingFigures)] {
    [("all", all)] + (split.map { [("seen", $0.seen), ("unseen", $0.unseen)] } ?? [])
  }

  /// A table of metrics with 95 % intervals, then counts.
  public var text: String {
    let header = ["metric"] + parts.flatMap { [$0.name, "95 %"] }
    let counts = ["rows"] + parts.flatMap { ["\($0.figures.rows)", ""] }
    func row(
      _ name: String, _ values: (RankingFigures) -> (Double, BinomialInterval)
    ) -> [String] {
      [name]
        + parts.flatMap { part in
          guard part.figures.rows > 0 else { return ["–", "–"] }
          let (value, interval) = values(part.figures)
          return [ReportTable.figure(value), ReportTable.interval(interval)]
        }
    }
    let cutoffs = RankingMetrics.cutoffs.enumerated()
    let ndcg = cutoffs.map { place, cutoff in
      row("NDCG@\(cutoff)") { ($0.ndcg[place], $0.ndcgIntervals[place]) }
    }
    let hr = cutoffs.map { place, cutoff in
      row("HR@\(cutoff)") { ($0.hr[place], $0.hrIntervals[place]) }
    }
    return MarkdownTable(header: header, rows: [counts] + ndcg + hr).text + "\n" + caption + "\n"
  }

  private var caption: String {
    let valid = validShare.map { "; share that are titles: \(ReportTable.figure($0))" } ?? ""
    return "\(answers) answers, \(distinct) distinct, \(repeated) repeated in their list\(valid); "
      + "match: \(match)"
  }

  /// One object of all figures: `rows`, `ndcg@10`, `ndcg@10_lower`, `seen_hr@5_upper`, ….
  public var json: String {
    get throws {
      var members: [String: JSONScalar] = [
        "match": .text(match), "answers": .integer(answers), "distinct_answers": .integer(distinct),
        "repeated_answers": .integer(repeated),
      ]
      if let validShare { members["valid_share"] = .real(validShare) }
      for (name, figures) in parts {
        let prefix = name == "all" ? "" : "\(name)_"
        members["\(prefix)rows"] = .integer(figures.rows)
        for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
          let gains = [
            ("ndcg", figures.ndcg[place], figures.ndcgIntervals[place]),
            ("hr", figures.hr[place], figures.hrIntervals[place]),
          ]
          for (metric, value, interval) in gains {
            let key = "\(prefix)\(metric)@\(cutoff)"
            members[key] = .real(value)
            members["\(key)_lower"] = .real(interval.lower)
            members["\(key)_upper"] = .real(interval.upper)
          }
        }
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      return String(decoding: try encoder.encode(members), as: UTF8.self)
    }
  }
}
