public import BearLabEvaluation
internal import Foundation

/// A line of `rows-<model>.jsonl`: what a test row came to.
public struct RankedRow: Sendable, Equatable, Decodable {
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
}

extension RunLog {
  /// The test rows of each model that was measured, by its name.
  ///
  /// - Throws: ``RunLogError/malformedLine(path:line:excerpt:)``.
  public func rankedRows() throws -> [(name: String, rows: [RankedRow])] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return try names.filter { $0.hasPrefix("rows-") && $0.hasSuffix(".jsonl") }.sorted().map {
      (
        String($0.dropFirst("rows-".count).dropLast(".jsonl".count)),
        try LogLines(path: "\(folder.path)/\($0)").decode(RankedRow.self)
      )
    }
  }

  /// The number of the epoch that figures are of; nil of other figures.
  public static func epoch(of figures: EvaluationFigures) -> Int? { RunFolder.epoch(of: figures) }
}
