internal import Foundation

/// A line of `diagnosis.jsonl`: what became of the target of a test row.
public struct DiagnosedRow: Sendable, Equatable, Decodable {
  public let user: Int
  public let timestamp: Int
  public let target: Int
  public let title: Int
  /// The target's total log-probability, nats.
  public let logProbability: Double
  /// From 1; this or more where it is not exact.
  public let rank: Int
  public let isRankExact: Bool
  public let isPruned: Bool
  /// After which the target was no candidate any more, from 1; nil where it is kept.
  public let step: Int?
  /// How far it was below the last candidate then, nats.
  public let margin: Double?
  public let isViolating: Bool
  public let isDisplaced: Bool

  enum CodingKeys: String, CodingKey {
    case user, timestamp, target, title, rank, step, margin
    case logProbability = "log_probability"
    case isRankExact = "rank_exact"
    case isPruned = "pruned"
    case isViolating = "violating"
    case isDisplaced = "displaced"
  }
}

extension RunLog {
  /// The lines that `bear-lab diagnose` has written.
  ///
  /// - Throws: ``RunLogError/noDiagnosis(run:)``, ``RunLogError/malformedLine(path:line:excerpt:)``.
  public func diagnosis() throws -> [DiagnosedRow] {
    guard FileManager.default.fileExists(atPath: folder.diagnosisPath) else {
      throw RunLogError.noDiagnosis(run: folder.path)
    }
    return try LogLines(path: folder.diagnosisPath).decode(DiagnosedRow.self)
  }
}
