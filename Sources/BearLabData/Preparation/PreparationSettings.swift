/// How a data set is made from a dump; as the published ones, where nothing is said.
public struct PreparationSettings: Sendable, Codable, Equatable {
  /// Users and items with fewer interactions are removed, until none is left.
  public var core = Windowing.core
  /// The longest window, in items, the target included.
  public var window = Windowing.historyLimit + 1
  /// The parts of training, validation and test.
  public var split = Windowing.ratio
  /// What becomes of a user's later interactions with an item; nil for what the layout says.
  public var repeats: Repeats?
  public var titles = TitleCleaning()
  /// The share of a file's lines that may be malformed.
  public var malformed = 0.01
  /// The columns or keys of a dump, where they are not the layout's.
  public var columns: [DumpRole: String] = [:]

  /// The settings of the published data.
  public init() {}

  /// Reads a ratio such as `8:1:1`.
  ///
  /// - Throws: ``PreparationError/badSetting(name:value:accepted:)``.
  public static func ratio(_ text: String) throws(PreparationError) -> [Int] {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = parts.compactMap(\.self).filter { (0...1_000_000).contains($0) }
    guard parts.count == 3, numbers.count == 3, numbers[0] > 0, numbers[2] > 0 else {
      throw .badSetting(
        name: "split", value: text,
        accepted: "whole numbers for training, validation and test such as 8:1:1, the first and "
          + "the last above 0")
    }
    return numbers
  }

  /// Checks every value.
  ///
  /// - Throws: ``PreparationError/badSetting(name:value:accepted:)``.
  func validate() throws(PreparationError) {
    func require(
      _ isGood: Bool, _ name: String, _ value: Any, _ accepted: String
    ) throws(PreparationError) {
      guard isGood else { throw .badSetting(name: name, value: "\(value)", accepted: accepted) }
    }
    try require(core >= 1, "core", core, "a whole number from 1")
    try require(window >= 2, "window", window, "2 or more: a history of one item and its target")
    try require(
      titles.shortest >= 0, "shortest title", titles.shortest, "a number of characters from 0")
    let longest = titles.longest ?? .max
    try require(
      longest >= max(1, titles.shortest), "longest title", longest,
      "a number of characters, not below that of the shortest title")
    try require((0...1).contains(malformed), "malformed", malformed, "a share from 0 to 1")
    _ = try Self.ratio(split.map(String.init).joined(separator: ":"))
  }
}
