internal import BearLabStatistics
internal import Foundation

/// A setting that a sweep varies, and the values that it takes.
public struct SweepAxis: Sendable, Equatable {
  /// Empty for a general setting.
  public let section: String
  public let name: String
  let values: Values

  enum Values: Sendable, Equatable {
    case list([String])
    case range(ClosedRange<Double>, isLogarithmic: Bool)
  }

  /// Reads `objective.lambda=0.1,0.25,0.5`.
  ///
  /// - Throws: `RunDescriptionError` or ``SweepError/malformedList(_:)``.
  public init(list text: String) throws {
    let setting = try RunDescription.Assignment(parsing: text)
    let words = setting.text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard !words.contains(""), Set(words).count == words.count else {
      throw SweepError.malformedList(text)
    }
    (section, name, values) = (setting.section, setting.name, .list(words))
  }

  /// Reads `objective.lambda=0.1..5`, or `objective.lambda=0.1..5:log` to draw its logarithm evenly.
  ///
  /// - Throws: `RunDescriptionError` or ``SweepError/malformedRange(_:)``.
  public init(range text: String) throws {
    let setting = try RunDescription.Assignment(parsing: text)
    let isLogarithmic = setting.text.hasSuffix(":log")
    let ends = (isLogarithmic ? String(setting.text.dropLast(4)) : setting.text)
      .components(separatedBy: "..")
    // A third dot would be one of a number: 0.1...5 as 0.1 and .5.
    guard ends.count == 2, !ends.contains(where: { $0.hasPrefix(".") || $0.hasSuffix(".") }),
      let lower = Double(ends[0]), let upper = Double(ends[1]),
      lower.isFinite, upper.isFinite, lower < upper, lower > 0 || !isLogarithmic
    else { throw SweepError.malformedRange(text) }
    (section, name) = (setting.section, setting.name)
    values = .range(lower...upper, isLogarithmic: isLogarithmic)
  }

  private init(section: String, name: String, values: Values) {
    (self.section, self.name, self.values) = (section, name, values)
  }

  /// The same with each value of a list changed, as where a path becomes absolute.
  public func mapping(
    _ change: (RunDescription.Assignment) throws -> RunDescription.Assignment
  ) rethrows -> SweepAxis {
    switch values {
    case .range: self
    case .list(let words):
      try SweepAxis(
        section: section, name: name,
        values: .list(words.map { try change(assignment($0)).text }))
    }
  }

  /// `objective.lambda`, or the name of a general setting.
  public var title: String { RunDescription.Assignment.path(section, name) }

  /// As it was given.
  var valuesText: String {
    switch values {
    case .list(let words): words.joined(separator: ",")
    case .range(let range, let isLogarithmic):
      "\(range.lowerBound)..\(range.upperBound)\(isLogarithmic ? ":log" : "")"
    }
  }

  func assignment(_ value: String) -> RunDescription.Assignment {
    RunDescription.Assignment(section: section, name: name, text: value)
  }

  /// One value, drawn evenly; of four digits, or whole.
  func drawn(isWhole: Bool, using random: inout SplitMix64) -> String {
    switch values {
    case .list(let words): return words[Int.random(in: words.indices, using: &random)]
    case .range(let range, let isLogarithmic):
      let share = Double.random(in: 0...1, using: &random)
      let value =
        isLogarithmic
        ? exp(log(range.lowerBound) * (1 - share) + log(range.upperBound) * share)
        : range.lowerBound * (1 - share) + range.upperBound * share
      // Rounding must not lead out of the range.
      if isWhole, let whole = wholeNumbers {
        return "\(min(max(Int(value.rounded()), whole.lowerBound), whole.upperBound))"
      }
      let kept = min(max(value, range.lowerBound), range.upperBound)
      let text = String(format: "%.4g", kept)
      return range.contains(Double(text) ?? .nan) ? text : "\(kept)"
    }
  }

  /// The whole numbers of a range; nil where there is none, or they are too large to be counted.
  var wholeNumbers: ClosedRange<Int>? {
    guard case .range(let range, _) = values,
      let lower = Int(exactly: range.lowerBound.rounded(.up)),
      let upper = Int(exactly: range.upperBound.rounded(.down)), lower <= upper
    else { return nil }
    return lower...upper
  }
}
