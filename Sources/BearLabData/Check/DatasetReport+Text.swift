internal import Foundation

extension DatasetReport {
  /// The report as a table, a fact a line.
  public var text: String {
    var rows: [(String, String)] = [
      ("data set", name), ("users", "\(size.users)"), ("items", "\(size.items)"),
      ("interactions", "\(size.interactions)"),
      ("density", String(format: "%.4f %%", 100 * size.density)),
    ]
    rows += parts.flatMap(Self.rows)
    rows += titleRows + targetRows
    rows += tokens.flatMap(Self.rows)
    let width = rows.map(\.0.count).max() ?? 0
    let table = rows.map { name, value in
      name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value
    }
    return (table + findings).joined(separator: "\n")
  }

  private static func rows(_ part: Part) -> [(String, String)] {
    let lengths = part.lengths.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return [
      ("\(part.name) windows", "\(part.windows)"),
      ("  of length", lengths.joined(separator: ", ")),
      ("  from, to", "\(date(part.first)), \(date(part.last))"),
      ("  repeated rows", "\(part.duplicates)"),
      ("  target in its history", "\(part.targetsInHistory)"),
    ]
  }

  private var titleRows: [(String, String)] {
    [
      ("distinct titles", "\(titles.distinct)"),
      ("  shared, by items", "\(titles.shared), \(titles.itemsWithShared)"),
      ("  empty", "\(titles.empty)"), ("  with an HTML entity", "\(titles.withEntity)"),
      ("  with a quote", "\(titles.withQuote)"), ("  with a line end", "\(titles.withNewline)"),
      ("  with two spaces", "\(titles.withSpaces)"), ("  beyond ASCII", "\(titles.beyondASCII)"),
      ("  beginning another", "\(titles.prefixes)"),
    ]
  }

  private var targetRows: [(String, String)] {
    let share = 100 * Double(targets.neverSeen) / Double(max(1, targets.windows))
    return [
      ("test targets", "\(targets.windows)"),
      ("  never seen in training", "\(targets.neverSeen) (\(String(format: "%.1f", share)) %)"),
      ("  with a shared title", "\(targets.withSharedTitle)"),
    ]
  }

  private static func rows(_ tokens: TokenLengths) -> [(String, String)] {
    func text(_ spread: TokenLengths.Spread) -> String {
      String(format: "%.1f, %d", spread.mean, spread.longest)
    }
    return [
      ("tokens of \(tokens.model)", "mean, longest"), ("  titles", text(tokens.titles)),
      ("  test targets", text(tokens.targets)), ("  test prompts", text(tokens.prompts)),
      ("  titles of equal tokens", "\(tokens.sameTokens)"),
      ("  beginning another", "\(tokens.prefixes)"), ("  with EOS", "\(tokens.withEOS)"),
    ]
  }

  /// What a reader should act on.
  private var findings: [String] {
    let leaking = leaks.map { leak in
      "leak: \(leak.windows) \(leak.part) windows are after \(Self.date(leak.split)), the first of "
        + "\(leak.later); one is of user \(leak.user), at \(Self.date(leak.timestamp))"
    }
    let unfit = tokens.filter(\.isUnfit).map {
      "unfit: \($0.model) cannot tell all titles apart, and no item trie can be built"
    }
    return leaking + unfit
  }

  private static func date(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
  }
}
