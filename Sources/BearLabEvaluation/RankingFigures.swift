/// NDCG and HR of some rows, with their intervals.
public struct RankingFigures: Sendable, Equatable {
  /// The number of rows.
  public let rows: Int
  /// NDCG at each of ``RankingMetrics/cutoffs``.
  public let ndcg: [Double]
  /// HR at each of ``RankingMetrics/cutoffs``.
  public let hr: [Double]

  /// Takes the means over all ranks.
  public init(_ summary: RankingSummary) {
    rows = summary.ranks.count
    ndcg = RankingMetrics.cutoffs.map { summary.ndcg($0) }
    hr = RankingMetrics.cutoffs.map { summary.hr($0) }
  }

  /// Takes the figures one by one, in the order of ``RankingMetrics/cutoffs``.
  init(rows: Int, ndcg: [Double], hr: [Double]) {
    self.rows = rows
    self.ndcg = ndcg
    self.hr = hr
  }

  /// The 95 % interval of NDCG at each of ``RankingMetrics/cutoffs``; see ``BinomialInterval``.
  public var ndcgIntervals: [BinomialInterval] { ndcg.map { .score(mean: $0, count: rows) } }

  /// The 95 % interval of HR at each of ``RankingMetrics/cutoffs``.
  public var hrIntervals: [BinomialInterval] { hr.map { .score(mean: $0, count: rows) } }
}

/// A key of a line of figures: `seen_ndcg@10`.
struct FigureKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}

extension RankingFigures {
  /// Reads figures whose keys begin with `prefix`.
  init(
    from container: KeyedDecodingContainer<FigureKey>, prefix: String = ""
  ) throws {
    func gains(_ name: String) throws -> [Double] {
      try RankingMetrics.cutoffs.map {
        try container.decode(Double.self, forKey: FigureKey("\(prefix)\(name)@\($0)"))
      }
    }
    rows = try container.decode(Int.self, forKey: FigureKey("\(prefix)rows"))
    ndcg = try gains("ndcg")
    hr = try gains("hr")
  }

  /// Writes the figures under keys that begin with `prefix`.
  func encode(
    to container: inout KeyedEncodingContainer<FigureKey>, prefix: String = ""
  ) throws {
    try container.encode(rows, forKey: FigureKey("\(prefix)rows"))
    for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
      try container.encode(ndcg[place], forKey: FigureKey("\(prefix)ndcg@\(cutoff)"))
      try container.encode(hr[place], forKey: FigureKey("\(prefix)hr@\(cutoff)"))
    }
  }
}
