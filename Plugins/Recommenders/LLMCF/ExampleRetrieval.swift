internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// Finds the examples whose histories are most like a user's: section 5.1 of the method
/// specification.
///
///     score of example e = mean title of the user's history · mean title of e's
///
/// The best examples that happened and the best that did not, in an order that is a pure function of
/// the history.
struct ExampleRetrieval {
  let bank: ContextBank
  /// Examples of each label.
  let count: Int
  /// Whether a training window's own record is passed over.
  let excludesSelf: Bool

  /// Whom examples are looked up for: a history, and in training whose it is.
  struct Query {
    let history: [Int]
    /// Nil where it is not known: nothing is passed over.
    var window: Window?
  }

  /// Places in the bank for each query.
  ///
  /// - Parameters:
  ///   - queries: histories of items of the catalogue.
  ///   - examples: the bank's, with users and times; needed where a query has a window.
  /// - Returns: at most 2 · ``count`` places a query.
  func callAsFunction(_ queries: [Query], examples: [ExampleBank.Example] = []) -> [[Int]] {
    stride(from: 0, to: queries.count, by: Self.batchSize).flatMap { start -> [[Int]] in
      let batch = queries[start..<min(start + Self.batchSize, queries.count)]
      let scores = ContextBank.means(batch.map(\.history), bank.titles).linear(bank.keys).scalars
      let size = bank.labels.count
      return batch.enumerated().map { row, query in
        best(query, scores[row * size..<(row + 1) * size], examples)
      }
    }
  }

  private static let batchSize = 256

  private func best(
    _ query: Query, _ scores: ArraySlice<Float>, _ examples: [ExampleBank.Example]
  ) -> [Int] {
    // Those that happened at 1, the others at 0.
    var kept = [[(place: Int, score: Float)]](repeating: [], count: 2)
    for (place, score) in scores.enumerated() {
      let label = bank.labels[place] ? 1 : 0
      // Of equals the first.
      if kept[label].count == count, score <= kept[label][count - 1].score { continue }
      if let window = query.window, isHidden(examples[place], from: window) { continue }
      insert((place, score), into: &kept[label])
    }
    var random = CounterGenerator(
      key: query.history.reduce(0) { CounterGenerator.mix($0, UInt64($1)) })
    return (kept[1] + kept[0]).map(\.place).shuffled(using: &random)
  }

  private func insert(
    _ entry: (place: Int, score: Float), into best: inout [(place: Int, score: Float)]
  ) {
    let index = best.firstIndex { $0.score < entry.score } ?? best.count
    best.insert(entry, at: index)
    if best.count > count { best.removeLast() }
  }

  /// Whether a window must not see an example: of the same user, and later.
  ///
  /// Later is what has the longer history; where histories are cut, or as long, the time decides.
  private func isHidden(_ example: ExampleBank.Example, from window: Window) -> Bool {
    guard example.user == window.user else { return false }
    if example.history.count > window.history.count { return true }
    if let time = example.timestamp, time > window.timestamp { return true }
    return excludesSelf && example.target == window.target
      && example.history.elementsEqual(window.history)
  }
}
