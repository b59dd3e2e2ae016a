internal import Foundation

/// What a bench measured.
public struct BenchReport {
  /// What was timed.
  public enum Work: String, Sendable {
    case train
    case decode
  }

  /// One timed batch.
  struct Batch: Equatable {
    let rows: Int
    let seconds: Double
    /// Of prompts and right answers, each row counted whole.
    let tokens: Int
    /// What was run through the transformer: shared prefixes once.
    let computedTokens: Int
  }

  public let work: Work
  let facts: [String: JSONScalar]
  let batches: [Batch]
  /// The most memory of the process, loading included, in bytes; nil where the system does not say.
  public let peakBytes: Int?
  /// What `plan` says of the same work, in bytes, where it was asked.
  var predictedBytes: Int?
  /// Where the time went, where that was asked for.
  var profile: BenchProfile?

  /// Seconds a sample or user: the median over the batches.
  public var secondsPerRow: Double { batches.map { $0.seconds / Double($0.rows) }.median }

  /// The shortest time of a batch.
  var fastestSeconds: Double { batches.map(\.seconds).min() ?? .nan }

  /// Tokens a second, each row counted whole: the median over the batches.
  public var tokensPerSecond: Double { batches.map { Double($0.tokens) / $0.seconds }.median }

  /// Tokens run through the transformer a second: the median over the batches.
  public var computedTokensPerSecond: Double {
    batches.map { Double($0.computedTokens) / $0.seconds }.median
  }

  /// The tokens of a row's prompt and right answer: the mean over the timed rows.
  public var meanTokens: Double {
    Double(batches.reduce(0) { $0 + $1.tokens }) / Double(rowCount)
  }

  private var rowCount: Int { batches.reduce(0) { $0 + $1.rows } }

  /// The predicted peak of memory, in parts of the measured one.
  var predictedToMeasured: Double? {
    guard let predictedBytes, let peakBytes else { return nil }
    return Double(predictedBytes) / Double(peakBytes)
  }

  /// The figures as one JSON object, without a line feed at the end.
  public func json() throws -> String {
    var values = facts
    values["work"] = .text(work.rawValue)
    values["steps"] = .integer(batches.count)
    values["rows"] = .integer(rowCount)
    values[work == .train ? "seconds_per_sample" : "seconds_per_user"] = .real(secondsPerRow)
    values["tokens_per_second"] = .real(tokensPerSecond)
    values["computed_tokens_per_second"] = .real(computedTokensPerSecond)
    values["mean_tokens"] = .real(meanTokens)
    values["peak_bytes"] = peakBytes.map { .integer($0) }
    values["predicted_bytes"] = predictedBytes.map { .integer($0) }
    values["predicted_to_measured"] = predictedToMeasured.map { .real($0) }
    values.merge(profile?.values ?? [:]) { $1 }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(values), as: UTF8.self)
  }

  /// The figures as aligned lines, without a line feed at the end.
  public var text: String {
    let unit = work == .train ? "sample" : "user"
    let lines: [(String, String)] =
      [("work", work.rawValue)]
      + facts.sorted { $0.key < $1.key }.map {
        ($0.key.replacing("_", with: " "), $0.value.description)
      } + [
        ("batches timed", "\(batches.count) (\(rowCount) \(unit)s)"),
        ("seconds a \(unit)", String(format: "%.4f", secondsPerRow)),
        ("tokens a second", String(format: "%.1f", tokensPerSecond)),
        ("computed tokens a second", String(format: "%.1f", computedTokensPerSecond)),
        ("mean tokens a \(unit)", String(format: "%.1f", meanTokens)),
        ("peak memory", ByteCount.text(peakBytes)),
      ]
      + (predictedToMeasured.map { ratio in
        [
          ("predicted", ByteCount.text(predictedBytes)),
          ("predicted to measured", String(format: "%.3f", ratio)),
        ]
      } ?? [])
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { name, value in
      name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value
    }.joined(separator: "\n") + (profile.map { "\n\n" + $0.text } ?? "")
  }
}

extension JSONScalar: CustomStringConvertible {
  var description: String {
    switch self {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    }
  }
}

extension [Double] {
  /// The middle number in ascending order, or the mean of the middle two; NaN of none.
  var median: Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// Numbers of bytes as people read them.
enum ByteCount {
  /// In GiB or MiB, such as `23.5 GiB`.
  static func text(_ bytes: Int?) -> String {
    guard let bytes else { return "unknown" }
    let mebibytes = Double(bytes) / 1_048_576
    return mebibytes >= 1024
      ? String(format: "%.1f GiB", mebibytes / 1024) : String(format: "%.1f MiB", mebibytes)
  }
}
