internal import Foundation

/// The times of interactions, as dumps write them.
enum DumpTime {
  /// A number of this magnitude counts milliseconds: in seconds it would be a year beyond 5000.
  private static let firstMilliseconds = 100_000_000_000
  private static let day = Date.ISO8601FormatStyle().year().month().day()
  private static let second = Date.ISO8601FormatStyle()

  /// Unix seconds from Unix seconds or milliseconds, rounded down.
  static func seconds(_ number: Int) -> Int {
    guard number.magnitude >= firstMilliseconds else { return number }
    return number / 1000 - (number % 1000 < 0 ? 1 : 0)
  }

  /// Unix seconds from a number with a decimal point.
  static func seconds(_ number: Double) -> Int? {
    // Beyond this a Double no longer holds every whole number.
    number.magnitude < 0x1p53 ? seconds(Int(number.rounded(.down))) : nil
  }

  /// Unix seconds from a number, a day (`2017-12-17`, midnight UTC) or a moment
  /// (`2009-05-04T23:08:57Z`); nil for any other text.
  static func seconds(_ text: String) -> Int? {
    if let number = Int(text) { return seconds(number) }
    // Foundation's readers take much that merely begins like a date: what they read must be it all.
    if let date = try? day.parse(text), day.format(date) == text {
      return Int(date.timeIntervalSince1970)
    }
    if let date = try? second.parse(text), second.format(date) == text {
      return Int(date.timeIntervalSince1970)
    }
    return Double(text).flatMap(seconds)
  }
}
