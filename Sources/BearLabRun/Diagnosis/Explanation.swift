internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// A title's way through the beams of one user, token by token.
public struct Explanation: Sendable, Encodable {
  /// A step of beam search at which the title still had a token to come.
  public struct Step: Sendable, Encodable {
    /// From 1.
    public let step: Int
    /// The token's text; `EOS` for the end.
    public let token: String
    /// How many tokens the trie allows there.
    public let legal: Int
    /// Of the token, nats.
    public let logProbability: Float
    /// The token's place among the legal ones, from 1.
    public let rank: Int
    /// The log-probability of the title up to the token, nats.
    public let prefix: Float
    /// The lowest one of the candidates after the step, nats.
    public let threshold: Float
    /// Whether the prefix is among them; false after it was dropped.
    public let kept: Bool
  }

  public let user: Int
  public let item: Int
  public let title: String
  public let steps: [Step]
  /// 1 and the number of titles of a higher total; less where it is not exact.
  public let rank: Int
  public let rankExact: Bool
  /// The total, nats.
  public let logProbability: Double
  /// The step after which the title, or its prefix, was dropped; nil where it was kept.
  public let dropStep: Int?
  /// How far below the threshold it was then, nats.
  public let margin: Float?
  /// One sentence: what became of the title, where and why.
  public let verdict: String
  private let heading: String

  enum CodingKeys: String, CodingKey {
    case user, item, title, steps, rank, margin, verdict
    case rankExact = "rank_exact"
    case logProbability = "log_probability"
    case dropStep = "step"
  }

  init(
    _ row: Diagnosis.Row, settings: Diagnosis.Settings,
    constraint: ConstraintMode, catalogue: Catalogue, trie: ItemTrie, encoder: some TextEncoder
  ) {
    let trace = row.trace
    user = row.window.user
    item = row.window.target
    title = catalogue.titles[row.target]
    rank = row.rank
    rankExact = row.isRankExact
    logProbability = row.logProbability
    dropStep = trace.dropStep
    margin = trace.margin
    steps = trace.steps.enumerated().map { index, step in
      let token = trie.token(of: step.node)
      return Step(
        step: index + 1, token: token == encoder.eosToken ? "EOS" : encoder.decode([token]),
        legal: step.choices, logProbability: step.logProbability, rank: step.better + 1,
        prefix: trace.prefixScores[index],
        threshold: trace.threshold(step: index + 1) ?? -.infinity,
        kept: index + 1 < trace.dropStep ?? .max)
    }
    verdict = Self.verdict(of: row, settings: settings)
    heading =
      "user \(user), item \(item): \(title.debugDescription), behind "
      + "\(row.window.history.count) items\n"
      + "rank \(row.rank)\(row.isRankExact ? "" : " or more") of \(trie.titleCount) titles by total "
      + String(format: "log-probability, %.4f nats (", row.logProbability)
      + "\(settings.softmax.rawValue)); beam search of \(settings.width), flavour paper, "
      + "constraint \(constraint.rawValue)"
  }

  /// A heading, a row for each token, and the verdict.
  public var text: String {
    let table = MarkdownTable(
      header: ["step", "token", "legal", "log p", "rank", "prefix", "threshold", "beam"],
      rows: steps.map { step in
        [
          "\(step.step)", step.token == "EOS" ? step.token : step.token.debugDescription,
          "\(step.legal)", Self.nats(step.logProbability), "\(step.rank)", Self.nats(step.prefix),
          Self.nats(step.threshold), mark(step),
        ]
      })
    return heading + "\n\n" + table.text + "\n" + verdict + "\n"
  }

  private func mark(_ step: Step) -> String {
    step.kept ? "kept" : step.step == dropStep ? "pruned" : "–"
  }

  private static func nats(_ value: Float) -> String { String(format: "%.4f", value) }

  private static func verdict(of row: Diagnosis.Row, settings: Diagnosis.Settings) -> String {
    let (trace, width) = (row.trace, settings.width)
    if let place = trace.place {
      return "kept: beam search puts it in place \(place + 1)"
        + (row.isDisplaced ? "; flavour hf leaves it out of its list" : "")
    }
    guard let step = trace.dropStep, let margin = trace.margin else {
      return "cut: it has \(trace.steps.count) tokens, and max-tokens is \(settings.tokenLimit)"
    }
    let what =
      step > trace.steps.count
      ? "pruned at step \(step), when the whole title is"
      : "pruned at step \(step), when its prefix is"
    return "\(what) \(nats(margin)) nats below the last of the candidates: "
      + reason(trace, width: width)
  }

  private static func reason(_ trace: BeamTrace, width: Int) -> String {
    guard let step = trace.violation(width: width) else {
      return "prefixes of other titles are more probable, though none of its tokens has "
        + "\(width) siblings above it"
    }
    let (better, choices) = (trace.steps[step - 1].better, trace.steps[step - 1].choices)
    return "\(better) of the \(choices) tokens that are legal at step \(step) are more probable "
      + "than its own, and a beam of \(width) has no room for it"
  }

  /// One object.
  public var json: String {
    get throws {
      let encoder = JSONEncoder.tolerant
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
