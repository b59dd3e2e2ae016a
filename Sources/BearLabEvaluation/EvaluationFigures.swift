/// The figures of one evaluation, as a line of `metrics.jsonl` holds them.
///
/// A table's row is made of this alone, so that a run which continues need not measure again.
public struct EvaluationFigures: Sendable, Equatable {
  /// What was measured: `popularity`, `zero-shot`, `epoch-1`, `fine-tuned`.
  public let name: String
  /// The rows that were ranked for: `validation` or `test`.
  public let split: String
  /// The number of rows.
  public let rows: Int
  /// NDCG at each of ``RankingMetrics/cutoffs``.
  public let ndcg: [Double]
  /// HR at each of ``RankingMetrics/cutoffs``.
  public let hr: [Double]
  /// Mean −log P of the right title, in nats; nil for what is no language model.
  public let itemNLL: Double?

  /// Takes the figures of an evaluation.
  public init(_ evaluation: Evaluation, name: String, split: String) {
    self.name = name
    self.split = split
    rows = evaluation.rows.count
    ndcg = RankingMetrics.cutoffs.map { evaluation.ranking.ndcg($0) }
    hr = RankingMetrics.cutoffs.map { evaluation.ranking.hr($0) }
    itemNLL = evaluation.itemNLL
  }

  /// The 95 % interval of HR@10.
  public var hrInterval: BinomialInterval {
    // A rate is hits / rows, so its product with the rows is a whole number but for rounding.
    .wilson(successes: Int(((hr.last ?? 0) * Double(rows)).rounded()), trials: rows)
  }
}

extension EvaluationFigures: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let event = try container.decode(String.self, forKey: Key("event"))
    guard event == "evaluation" else {
      throw DecodingError.dataCorruptedError(
        forKey: Key("event"), in: container, debugDescription: "it is '\(event)'")
    }
    name = try container.decode(String.self, forKey: Key("name"))
    split = try container.decode(String.self, forKey: Key("split"))
    rows = try container.decode(Int.self, forKey: Key("rows"))
    ndcg = try RankingMetrics.cutoffs.map {
      try container.decode(Double.self, forKey: Key("ndcg@\($0)"))
    }
    hr = try RankingMetrics.cutoffs.map {
      try container.decode(Double.self, forKey: Key("hr@\($0)"))
    }
    itemNLL = try container.decodeIfPresent(Double.self, forKey: Key("item_nll"))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode("evaluation", forKey: Key("event"))
    try container.encode(name, forKey: Key("name"))
    try container.encode(split, forKey: Key("split"))
    try container.encode(rows, forKey: Key("rows"))
    for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
      try container.encode(ndcg[place], forKey: Key("ndcg@\(cutoff)"))
      try container.encode(hr[place], forKey: Key("hr@\(cutoff)"))
    }
    try container.encodeIfPresent(itemNLL, forKey: Key("item_nll"))
  }
}
