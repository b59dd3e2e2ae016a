/// The figures of one evaluation, as a line of `metrics.jsonl` holds them.
///
/// A table's row is made of this alone, so that a run which continues need not measure again.
public struct EvaluationFigures: Sendable, Equatable {
  /// What was measured: `popularity`, `zero-shot`, `epoch-1`, `fine-tuned`.
  public let name: String
  /// The rows that were ranked for: `validation` or `test`.
  public let split: String
  /// Of all rows.
  public let all: RankingFigures
  /// Of the rows whose target's title is in training, in a history or as a target.
  public let seen: RankingFigures
  /// Of the other rows.
  public let unseen: RankingFigures
  /// The share of the answers that are titles of the catalogue; nil where there is no answer.
  public let validShare: Double?
  /// Mean −log P of the right title, in nats; nil for what is no language model.
  public let itemNLL: Double?
  /// Of all rows, by their names: metrics that were asked for besides.
  public let further: [String: Double]

  /// Takes the figures of an evaluation.
  ///
  /// - Parameters:
  ///   - evaluation: ranked lists.
  ///   - name: what was measured.
  ///   - split: the rows that were ranked for.
  ///   - metrics: those that are wanted besides.
  public init(
    _ evaluation: Evaluation, name: String, split: String, metrics: [NamedMetric] = []
  ) {
    further = Dictionary(
      metrics.map { ($0.name, $0.mean(evaluation.ranking)) },
      uniquingKeysWith: { first, _ in first })
    self.name = name
    self.split = split
    all = RankingFigures(evaluation.ranking)
    seen = RankingFigures(evaluation.ranking(seen: true))
    unseen = RankingFigures(evaluation.ranking(seen: false))
    validShare = evaluation.validShare
    itemNLL = evaluation.itemNLL
  }

  /// Takes the figures one by one.
  init(
    name: String, split: String, all: RankingFigures, seen: RankingFigures,
    unseen: RankingFigures, validShare: Double?, itemNLL: Double?, further: [String: Double]
  ) {
    self.further = further
    self.name = name
    self.split = split
    self.all = all
    self.seen = seen
    self.unseen = unseen
    self.validShare = validShare
    self.itemNLL = itemNLL
  }

  /// The number of rows.
  public var rows: Int { all.rows }

  /// NDCG of all rows at each of ``RankingMetrics/cutoffs``.
  public var ndcg: [Double] { all.ndcg }

  /// HR of all rows at each of ``RankingMetrics/cutoffs``.
  public var hr: [Double] { all.hr }

  /// The 95 % interval of HR@10 over all rows.
  public var hrInterval: BinomialInterval {
    all.hrIntervals.last ?? .score(mean: 0, count: 0)
  }
}

extension EvaluationFigures: Codable {
  private static let event = "evaluation"

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FigureKey.self)
    let event = try container.decode(String.self, forKey: FigureKey("event"))
    guard event == Self.event else {
      throw DecodingError.dataCorruptedError(
        forKey: FigureKey("event"), in: container, debugDescription: "it is '\(event)'")
    }
    name = try container.decode(String.self, forKey: FigureKey("name"))
    split = try container.decode(String.self, forKey: FigureKey("split"))
    all = try RankingFigures(from: container)
    seen = try RankingFigures(from: container, prefix: "seen_")
    unseen = try RankingFigures(from: container, prefix: "unseen_")
    validShare = try container.decodeIfPresent(Double.self, forKey: FigureKey("valid_share"))
    itemNLL = try container.decodeIfPresent(Double.self, forKey: FigureKey("item_nll"))
    further =
      try container.decodeIfPresent([String: Double].self, forKey: FigureKey("metrics")) ?? [:]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: FigureKey.self)
    try container.encode(Self.event, forKey: FigureKey("event"))
    try container.encode(name, forKey: FigureKey("name"))
    try container.encode(split, forKey: FigureKey("split"))
    try all.encode(to: &container)
    try seen.encode(to: &container, prefix: "seen_")
    try unseen.encode(to: &container, prefix: "unseen_")
    try container.encodeIfPresent(validShare, forKey: FigureKey("valid_share"))
    try container.encodeIfPresent(itemNLL, forKey: FigureKey("item_nll"))
    if !further.isEmpty { try container.encode(further, forKey: FigureKey("metrics")) }
  }
}
