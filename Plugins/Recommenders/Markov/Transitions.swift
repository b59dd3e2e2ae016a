internal import BearLabCore

/// How often an item came right after another one in the sequences behind some windows.
///
/// The windows of a user slide over one sequence, so that most transitions stand in up to ten of
/// them. Each user's sequence is put together again, window by window in the order of the data: as
/// much of a window's start as is the end of the sequence so far is known already, and what comes
/// behind it is new.
///
///     so far       a b c
///     window         b c → d        new: c → d
///     window             x y → z    new: x → y, y → z; nothing is known of c → x
struct Transitions {
  /// By first item, then by second item.
  private(set) var counts: [Int: [Int: Int]] = [:]

  /// Counts the transitions of some windows, those of a user in chronological order.
  init(_ windows: [Window]) {
    var sequences: [Int: [Int]] = [:]
    for window in windows {
      let items = window.history + [window.target]
      let known = sequences[window.user] ?? []
      let overlap = Self.overlap(of: known, with: window.history)
      let new = (overlap > 0 ? known.suffix(1) : []) + items.dropFirst(overlap)
      for (first, second) in zip(new, new.dropFirst()) {
        counts[first, default: [:]][second, default: 0] += 1
      }
      // No window looks further back than one's length.
      sequences[window.user] = items
    }
  }

  /// The length of the longest end of `sequence` that `history` begins with.
  private static func overlap(of sequence: [Int], with history: [Int]) -> Int {
    stride(from: min(sequence.count, history.count), to: 0, by: -1)
      .first { sequence.suffix($0).elementsEqual(history.prefix($0)) } ?? 0
  }
}
