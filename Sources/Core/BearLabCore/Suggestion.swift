/// Near names for a name that is not known.
public enum Suggestion {
  /// The instruction for an unknown name: the near ones, then all that would be accepted.
  public static func remedy(for name: String, among known: [String], noun: String) -> String {
    guard !known.isEmpty else { return "no \(noun) can be given here" }
    let close = near(name, among: known)
    let hint = close.isEmpty ? "" : "did you mean \(close.joined(separator: " or "))? "
    return "\(hint)known: \(known.sorted().joined(separator: ", "))"
  }

  /// At most three of `known` within two edits, or a third of the name's length, nearest first.
  public static func near(_ name: String, among known: [String]) -> [String] {
    let limit = max(2, name.count / 3)
    let ranked = known.map { (name: $0, edits: edits(from: name, to: $0)) }
      .filter { $0.edits <= limit || $0.name.hasPrefix(name) }
      .sorted { ($0.edits, $0.name) < ($1.edits, $1.name) }
    return ranked.prefix(3).map(\.name)
  }

  /// The Levenshtein distance.
  public static func edits(from first: String, to second: String) -> Int {
    let target = Array(second)
    var previous = Array(0...target.count)
    for (row, character) in first.enumerated() {
      var current = [row + 1]
      for column in target.indices {
        let replaced = previous[column] + (target[column] == character ? 0 : 1)
        current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
      }
      previous = current
    }
    return previous[target.count]
  }
}
