internal import BearLabEvaluation
internal import Foundation

/// A test row of a diagnosis as a line of JSON.
struct DiagnosisLine: Encodable {
  private let row: Diagnosis.Row
  private let width: Int

  enum CodingKeys: String, CodingKey {
    case user, timestamp, target, title, rank, pruned, step, margin, violating, displaced
    case logProbability = "log_probability"
    case isRankExact = "rank_exact"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(row.window.user, forKey: .user)
    try container.encode(row.window.timestamp, forKey: .timestamp)
    try container.encode(row.window.target, forKey: .target)
    try container.encode(row.target, forKey: .title)
    try container.encode(row.logProbability, forKey: .logProbability)
    try container.encode(row.rank, forKey: .rank)
    try container.encode(row.isRankExact, forKey: .isRankExact)
    try container.encode(row.isPruned, forKey: .pruned)
    // Every line has every key: null says that there is none.
    try container.encode(row.trace.dropStep, forKey: .step)
    try container.encode(row.trace.margin, forKey: .margin)
    try container.encode(row.trace.violation(width: width) != nil, forKey: .violating)
    try container.encode(row.isDisplaced, forKey: .displaced)
  }

  /// The lines of all rows.
  static func text(of diagnosis: Diagnosis) throws -> String {
    let encoder = JSONEncoder.tolerant
    encoder.outputFormatting = .sortedKeys
    return try diagnosis.rows.map { row in
      let line = DiagnosisLine(row: row, width: diagnosis.width)
      return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }.joined()
  }
}

extension JSONEncoder {
  /// Writes an infinite number, the logarithm of a probability of 0, as a text.
  static var tolerant: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }
}
