internal import BearLabCore

/// A rating or review: a user met an item.
struct Interaction: Equatable {
  let user: Int
  let item: Int
  /// Unix seconds.
  let timestamp: Int
}

/// From raw interactions to windows, as the published data were made.
///
/// - Source: section 1 of the method specification, "Windowing" and "Split".
enum Windowing {
  /// Users and items with fewer interactions are removed.
  static let core = 5
  /// The longest history, in items.
  static let historyLimit = 10

  /// Removes users and items with fewer than ``core`` interactions until none is left.
  static func fiveCore(_ interactions: [Interaction]) -> [Interaction] {
    var kept = interactions
    while true {
      let users = counts(kept.map(\.user))
      let items = counts(kept.map(\.item))
      let next = kept.filter {
        users[$0.user, default: 0] >= core && items[$0.item, default: 0] >= core
      }
      if next.count == kept.count { return kept }
      kept = next
    }
  }

  private static func counts(_ keys: [Int]) -> [Int: Int] {
    keys.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// The windows of all users, sorted by time and user of the target.
  ///
  /// For a user with n interactions, a window for every target index from `min(10, n − 1)` to
  /// `n − 1`, with the (at most) 10 items before it.
  ///
  /// - Parameter interactions: in order of time; ties stay in the order given.
  /// - Returns: the windows, none for a user with fewer than ``core`` interactions.
  static func windows(_ interactions: [Interaction]) -> [Window] {
    let histories = Dictionary(grouping: interactions, by: \.user)
    var windows: [Window] = []
    for (user, own) in histories.sorted(by: { $0.key < $1.key }) where own.count >= core {
      for target in min(historyLimit, own.count - 1)..<own.count {
        windows.append(
          Window(
            user: user, history: own[max(0, target - historyLimit)..<target].map(\.item),
            target: own[target].item, timestamp: own[target].timestamp))
      }
    }
    // The sort is stable, and a user's windows are in order already.
    return windows.sorted { ($0.timestamp, $0.user) < ($1.timestamp, $1.user) }
  }

  /// Cuts sorted windows 8:1:1; the cuts are floors of the double-precision products.
  static func split(
    _ windows: [Window]
  ) -> (train: [Window], validation: [Window], test: [Window]) {
    let first = Int(0.8 * Double(windows.count))
    let second = Int(0.9 * Double(windows.count))
    return (
      Array(windows[..<first]), Array(windows[first..<second]), Array(windows[second...])
    )
  }
}
