internal import BearLabEvaluation
internal import Foundation

/// What each test row came to, so that runs can be compared row by row.
enum RowResults {
  private struct Line: Encodable {
    let user: Int
    let timestamp: Int
    let target: Int
    let title: Int
    let isSeen: Bool
    let rank: Int?
    let itemNLL: Float?

    enum CodingKeys: String, CodingKey {
      case user, timestamp, target, title, rank
      case isSeen = "seen"
      case itemNLL = "item_nll"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(user, forKey: .user)
      try container.encode(timestamp, forKey: .timestamp)
      try container.encode(target, forKey: .target)
      try container.encode(title, forKey: .title)
      try container.encode(isSeen, forKey: .isSeen)
      // Every line has every key: null says that there is none.
      try container.encode(rank, forKey: .rank)
      try container.encode(itemNLL, forKey: .itemNLL)
    }
  }

  /// The file of an evaluation by its name in `metrics.jsonl`.
  static func path(_ name: String, in folder: RunFolder) -> String {
    "\(folder.path)/rows-\(name).jsonl"
  }

  /// Writes a line for each row, in their order, replacing the whole file at once.
  static func write(_ evaluation: Evaluation, name: String, in folder: RunFolder) throws {
    try folder.write(text(of: evaluation), to: path(name, in: folder))
  }

  static func text(of evaluation: Evaluation) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try evaluation.rows.map { row in
      let line = Line(
        user: row.window.user, timestamp: row.window.timestamp, target: row.window.target,
        title: row.target, isSeen: row.isSeen, rank: row.rank,
        itemNLL: row.negativeLogLikelihood)
      return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }.joined()
  }
}
