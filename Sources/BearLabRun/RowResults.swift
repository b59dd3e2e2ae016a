internal import BearLabEvaluation
internal import Foundation

/// A line of `rows-<model>.jsonl`: what a test row came to, so that runs can be compared row by row.
public struct RankedRow: Sendable, Equatable, Codable {
  public let user: Int
  public let timestamp: Int
  public let target: Int
  public let title: Int
  public let isSeen: Bool
  /// The place in the list from 0; nil where the list lacks the target.
  public let rank: Int?
  /// −log P of the right title in nats; nil for what is no language model.
  public let itemNLL: Double?

  enum CodingKeys: String, CodingKey {
    case user, timestamp, target, title, rank
    case isSeen = "seen"
    case itemNLL = "item_nll"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(user, forKey: .user)
    try container.encode(timestamp, forKey: .timestamp)
    try container.encode(target, forKey: .target)
    try container.encode(title, forKey: .title)
    try container.encode(isSeen, forKey: .isSeen)
    // Every line has every key: null says that there is none.
    try container.encode(rank, forKey: .rank)
    // In single precision, as it was computed: the fewest digits that read back.
    try container.encode(itemNLL.map { Float($0) }, forKey: .itemNLL)
  }
}

/// The files of rows in a run's folder.
enum RowResults {
  /// The file of an evaluation by its name in `metrics.jsonl`.
  static func path(_ name: String, in folder: RunFolder) -> String {
    "\(folder.path)/rows-\(name).jsonl"
  }

  /// The names of the evaluations that a folder has rows of, in alphabetical order.
  static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasPrefix("rows-") && $0.hasSuffix(".jsonl") }
      .map { String($0.dropFirst("rows-".count).dropLast(".jsonl".count)) }.sorted()
  }

  /// Writes a line for each row, in their order, replacing the whole file at once.
  static func write(_ evaluation: Evaluation, name: String, in folder: RunFolder) throws {
    try folder.write(text(of: evaluation), to: path(name, in: folder))
  }

  static func text(of evaluation: Evaluation) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try evaluation.rows.map { row in
      let line = RankedRow(
        user: row.window.user, timestamp: row.window.timestamp, target: row.window.target,
        title: row.target, isSeen: row.isSeen, rank: row.rank,
        itemNLL: row.negativeLogLikelihood.map { Double($0) })
      return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }.joined()
  }
}
