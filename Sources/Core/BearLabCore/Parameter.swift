/// One setting of a plug-in: its name, type, default, accepted values and documentation.
///
/// `describe` prints it, the command line and YAML validate against it, and `init(_:)` of the
/// plug-in reads the effective value from ``ParameterValues``.
public struct Parameter: Sendable {
  /// The name on the command line, in kebab-case.
  public let name: String
  /// The value when none is given; its case fixes the parameter's type.
  public let defaultValue: ParameterValue
  /// Which values are accepted.
  public let domain: Domain
  /// The unit of the value (`nats`, `tokens`), or empty.
  public let unit: String
  /// One line that says what the parameter does.
  public let summary: String

  /// The accepted values of a parameter.
  public enum Domain: Sendable, Equatable {
    case real(ClosedRange<Double>)
    case integer(ClosedRange<Int>)
    case choice([String])
    case flag
    case text
  }

  /// A real number in a closed range.
  public static func real(
    _ name: String, default value: Double, in range: ClosedRange<Double>, unit: String = "",
    _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, defaultValue: .real(value), domain: .real(range), unit: unit, summary: summary)
  }

  /// A real number with a lower bound only.
  public static func real(
    _ name: String, default value: Double, in range: PartialRangeFrom<Double>, unit: String = "",
    _ summary: String
  ) -> Parameter {
    real(name, default: value, in: range.lowerBound...Double.infinity, unit: unit, summary)
  }

  /// An integer in a closed range.
  public static func integer(
    _ name: String, default value: Int, in range: ClosedRange<Int>, unit: String = "",
    _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, defaultValue: .integer(value), domain: .integer(range), unit: unit,
      summary: summary)
  }

  /// An integer with a lower bound only.
  public static func integer(
    _ name: String, default value: Int, in range: PartialRangeFrom<Int>, unit: String = "",
    _ summary: String
  ) -> Parameter {
    integer(name, default: value, in: range.lowerBound...Int.max, unit: unit, summary)
  }

  /// One of a few words.
  public static func choice(
    _ name: String, default value: String, of options: [String], _ summary: String
  ) -> Parameter {
    Parameter(
      name: name, defaultValue: .text(value), domain: .choice(options), unit: "", summary: summary)
  }

  /// True or false.
  public static func flag(_ name: String, default value: Bool, _ summary: String) -> Parameter {
    Parameter(name: name, defaultValue: .flag(value), domain: .flag, unit: "", summary: summary)
  }

  /// Free text, such as a path.
  public static func text(_ name: String, default value: String, _ summary: String) -> Parameter {
    Parameter(name: name, defaultValue: .text(value), domain: .text, unit: "", summary: summary)
  }

  /// The accepted values in words, as errors and `describe` print them.
  public var acceptedValues: String {
    switch domain {
    case .integer where unit == Self.bytes: "a number of bytes, such as 500M or 4G"
    case .real(let range) where range.upperBound == .infinity:
      "a real number, at least \(range.lowerBound)"
    case .real(let range): "a real number from \(range.lowerBound) to \(range.upperBound)"
    case .integer(let range) where range.upperBound == .max:
      "an integer, at least \(range.lowerBound)"
    case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .choice(let options): "one of \(options.joined(separator: ", "))"
    case .flag: "true or false"
    case .text: "text"
    }
  }

  /// Reads a value as typed on the command line.
  ///
  /// - Throws: ``ParameterError/invalid(parameter:value:accepted:)`` where `text` is not accepted.
  public func parse(_ text: String) throws(ParameterError) -> ParameterValue {
    let value: ParameterValue? =
      switch domain {
      case .real: Double(text).map { .real($0) }
      case .integer where unit == Self.bytes: Self.byteCount(text).map { .integer($0) }
      case .integer: Int(text).map { .integer($0) }
      case .flag: Bool(text).map { .flag($0) }
      case .choice, .text: .text(text)
      }
    guard let value else {
      throw .invalid(parameter: name, value: text, accepted: acceptedValues)
    }
    return try validate(value)
  }

  /// The unit of integers that may be written with a power of 1024 behind them: K, M, G or T.
  public static let bytes = "bytes"

  private static func byteCount(_ text: String) -> Int? {
    guard let last = text.last, let power = ["K", "M", "G", "T"].firstIndex(of: last.uppercased())
    else { return Int(text) }
    guard let number = Int(text.dropLast()) else { return nil }
    let (bytes, overflows) = number.multipliedReportingOverflow(by: 1 << (10 * (power + 1)))
    return overflows ? nil : bytes
  }

  /// Returns `value` in this parameter's type.
  ///
  /// An integer is taken for a real number, since YAML and Swift literals write `1` for `1.0`.
  ///
  /// - Throws: ``ParameterError/invalid(parameter:value:accepted:)`` for another type or a value
  ///   outside of the domain; NaN is in no range.
  public func validate(_ value: ParameterValue) throws(ParameterError) -> ParameterValue {
    switch (domain, value) {
    case (.real(let range), .real(let number)) where range.contains(number) && number.isFinite:
      return value
    case (.real(let range), .integer(let number)) where range.contains(Double(number)):
      return .real(Double(number))
    case (.integer(let range), .integer(let number)) where range.contains(number): return value
    case (.choice(let options), .text(let word)) where options.contains(word): return value
    case (.flag, .flag), (.text, .text): return value
    default:
      throw .invalid(parameter: name, value: value.description, accepted: acceptedValues)
    }
  }
}

/// The value of a parameter.
public enum ParameterValue: Sendable, Hashable, CustomStringConvertible {
  case real(Double)
  case integer(Int)
  case flag(Bool)
  case text(String)

  public var description: String {
    switch self {
    case .real(let number): number.description
    case .integer(let number): number.description
    case .flag(let isOn): isOn.description
    case .text(let text): text
    }
  }
}

/// What can be wrong with the parameters given to a plug-in.
public enum ParameterError: BearLabError, Equatable {
  case invalid(parameter: String, value: String, accepted: String)
  case unknown(parameter: String, owner: String, known: [String])

  public var description: String {
    switch self {
    case .invalid(let parameter, let value, _):
      "parameter '\(parameter)' cannot be '\(excerpt(of: value))'"
    case .unknown(let parameter, let owner, _):
      "\(owner) has no parameter '\(excerpt(of: parameter))'"
    }
  }

  public var remedy: String {
    switch self {
    case .invalid(_, _, let accepted): "give \(accepted)"
    case .unknown(let parameter, _, let known):
      Suggestion.remedy(for: parameter, among: known, noun: "parameter")
    }
  }
}
