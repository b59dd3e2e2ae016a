internal import Foundation

/// One check against a golden file: a line of what `verify` prints.
public struct Verification: Sendable, Equatable {
  /// What was checked, such as `objectives: sft [7, 64]`.
  public let check: String
  public let outcome: Outcome

  /// What came of a check.
  public enum Outcome: Sendable, Equatable {
    /// Everything is within its tolerance.
    case pass([Gap])
    case fail(String)
    /// The check was not made, and why.
    case skip(String)
  }

  /// Creates a verification.
  public init(_ check: String, _ outcome: Outcome) {
    self.check = check
    self.outcome = outcome
  }
}

/// How far a quantity is from the golden one, and how far it may be.
public struct Gap: Sendable, Equatable, CustomStringConvertible {
  public let quantity: String
  public let value: Double
  public let tolerance: Double

  /// Creates a gap.
  public init(_ quantity: String, _ value: Double, tolerance: Double) {
    self.quantity = quantity
    self.value = value
    self.tolerance = tolerance
  }

  /// NaN is within no tolerance.
  public var isAccepted: Bool { value <= tolerance }

  public var description: String { "\(quantity) \(shortened(value))" }
}

extension Verification: CustomStringConvertible {
  public var description: String {
    switch outcome {
    case .pass(let gaps):
      let differences = gaps.map(\.description).joined(separator: ", ")
      return "pass  \(check)" + (gaps.isEmpty ? "" : ": off by \(differences)")
    case .fail(let reason): return "FAIL  \(check): \(reason)"
    case .skip(let reason): return "skip  \(check): \(reason)"
    }
  }
}

extension Verification.Outcome {
  /// Passes where every gap is within its tolerance.
  init(_ gaps: [Gap]) {
    let excessive = gaps.filter { !$0.isAccepted }
    guard !excessive.isEmpty else {
      self = .pass(gaps)
      return
    }
    let reasons = excessive.map {
      "\($0.quantity) is off by \(shortened($0.value)), more than \(shortened($0.tolerance))"
    }
    self = .fail(reasons.joined(separator: "; "))
  }

  /// What `body` finds, or the failure that it throws.
  init(catching body: () throws -> Verification.Outcome) {
    do {
      self = try body()
    } catch {
      self = .fail(GoldenError.reason(of: error))
    }
  }
}

/// Two significant digits.
private func shortened(_ value: Double) -> String { String(format: "%.2g", value) }
