internal import BearLabRun
internal import Foundation

/// Which runs are listed, and in which order.
public struct RunQuery: Sendable {
  /// What a run must be, such as `objective.lambda=0.5` or `ndcg@10>0.01`.
  public struct Condition: Sendable {
    private let text: String
    let key: String
    let comparison: String
    let value: String

    private static let comparisons = ["<=", ">=", "!=", "==", "=", "<", ">"]

    /// Reads a condition.
    ///
    /// - Throws: ``RunStoreError/malformedCondition(_:)`` or
    ///   ``RunStoreError/twoComparisons(_:value:)``.
    public init(parsing text: String) throws(RunStoreError) {
      guard let start = text.firstIndex(where: { "<>=!".contains($0) }),
        let comparison = Self.comparisons.first(where: { text[start...].hasPrefix($0) })
      else { throw .malformedCondition(text) }
      key = text[..<start].trimmingCharacters(in: .whitespaces)
      value = text[start...].dropFirst(comparison.count).trimmingCharacters(in: .whitespaces)
      self.comparison = comparison == "==" ? "=" : comparison
      self.text = text
      guard !key.isEmpty else { throw .malformedCondition(text) }
      // Such as `=>`, which would be an equals sign and a text that no run has.
      if let first = value.first, "=<>".contains(first) {
        throw .twoComparisons(text, value: value)
      }
    }

    /// Checks that runs can be told by it.
    ///
    /// - Throws: ``RunStoreError/unknownKey(_:known:)`` or ``RunStoreError/noNumber(_:key:value:)``.
    func requireMeaning(of entries: [RunEntry], known: Set<String>) throws(RunStoreError) {
      try RunKey.require(key, in: known)
      guard comparison.hasPrefix("<") || comparison.hasPrefix(">") else { return }
      let isNumber = Double(value).map { !$0.isNaN } ?? false
      guard isNumber || !RunKey.isNumber(key, entries) else {
        throw .noNumber(text, key: key, value: value)
      }
    }

    /// Whether a run is so; one that has no such value differs from every value, and is no more.
    func holds(of entry: RunEntry) -> Bool {
      guard let found = RunKey.value(key, of: entry) else {
        return comparison == "!=" ? !value.isEmpty : comparison == "=" && value.isEmpty
      }
      let (isLess, isMore) = (RunKey.isBefore(found, value), RunKey.isBefore(value, found))
      switch comparison {
      case "<": return isLess
      case ">": return isMore
      case "<=": return !isMore
      case ">=": return !isLess
      case "!=": return isLess || isMore
      default: return !isLess && !isMore
      }
    }
  }

  private let conditions: [Condition]
  private let tags: [String]
  private let states: [RunState]
  private let sort: String?
  private let isDescending: Bool
  private let limit: Int?

  /// Reads what is asked.
  ///
  /// - Parameters:
  ///   - conditions: all of which a run must be; see ``Condition``.
  ///   - tags: all of which it must have.
  ///   - states: one of which it must be in; any where there is none.
  ///   - sort: a column, behind a dash for the largest first; nil for the number. Runs without a value
  ///     come last.
  ///   - limit: how many are listed at most; nil for all.
  /// - Throws: ``RunStoreError``.
  public init(
    conditions: [String] = [], tags: [String] = [], states: [String] = [], sort: String? = nil,
    limit: Int? = nil
  ) throws(RunStoreError) {
    var parsed: [Condition] = []
    for text in conditions { parsed.append(try Condition(parsing: text)) }
    self.conditions = parsed
    self.tags = tags
    var chosen: [RunState] = []
    for text in states {
      guard let state = RunState(rawValue: text) else {
        throw .unknownState(text, known: RunState.allCases.map(\.rawValue))
      }
      chosen.append(state)
    }
    self.states = chosen
    isDescending = sort?.hasPrefix("-") == true
    self.sort = sort.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
    self.limit = limit
  }

  /// The runs that are asked for, in order.
  ///
  /// - Parameter all: the runs of a store, by their numbers.
  /// - Returns: some of them.
  /// - Throws: ``RunStoreError/unknownKey(_:known:)`` or ``RunStoreError/noNumber(_:key:value:)``.
  public func select(_ all: [RunEntry]) throws(RunStoreError) -> [RunEntry] {
    let known = RunKey.known(all)
    for condition in conditions { try condition.requireMeaning(of: all, known: known) }
    if let sort { try RunKey.require(sort, in: known) }
    let found = all.filter { entry in
      conditions.allSatisfy { $0.holds(of: entry) } && tags.allSatisfy(entry.tags.contains)
        && (states.isEmpty || states.contains(entry.state))
    }
    return Array(sorted(found).prefix(limit ?? .max))
  }

  /// Equal ones stay in the order of their numbers.
  private func sorted(_ entries: [RunEntry]) -> [RunEntry] {
    guard let sort else { return entries }
    let keyed = entries.enumerated().map { place, entry in
      (place: place, entry: entry, value: RunKey.value(sort, of: entry))
    }
    let (some, none) = (keyed.filter { $0.value != nil }, keyed.filter { $0.value == nil })
    let ordered = some.sorted { first, second in
      let (one, other) = (first.value ?? "", second.value ?? "")
      if RunKey.isBefore(one, other) { return !isDescending }
      if RunKey.isBefore(other, one) { return isDescending }
      return first.place < second.place
    }
    return (ordered + none).map(\.entry)
  }
}
