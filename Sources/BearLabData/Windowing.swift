internal import BearLabCore

/// A rating or review: a user met an item; 16 bytes.
struct Interaction: Equatable {
  /// Ids are small: work on many interactions counts them in arrays.
  static let ids = 0..<1 << 26

  private let userID: Int32
  private let itemID: Int32
  /// Unix seconds.
  let timestamp: Int

  /// - Precondition: user and item are in ``ids``.
  init(user: Int, item: Int, timestamp: Int) {
    userID = Int32(user)
    itemID = Int32(item)
    self.timestamp = timestamp
  }

  var user: Int { Int(userID) }
  var item: Int { Int(itemID) }
}

/// From raw interactions to windows, as the published data were made.
///
/// - Source: section 1 of the method specification, "Windowing" and "Split".
enum Windowing {
  /// Users and items with fewer interactions are removed.
  static let core = 5
  /// The longest history, in items.
  static let historyLimit = 10
  /// The parts of training, validation and test.
  static let ratio = [8, 1, 1]

  /// Removes users and items with fewer than `core` interactions until none is left.
  static func fiveCore(_ interactions: [Interaction], core: Int = core) -> [Interaction] {
    var kept = interactions
    while true {
      let users = counts(kept, \.user)
      let items = counts(kept, \.item)
      let before = kept.count
      kept.removeAll { users[$0.user] < core || items[$0.item] < core }
      if kept.count == before { return kept }
    }
  }

  /// How many interactions each id has, `[largest id + 1]`.
  static func counts(
    _ interactions: [Interaction], _ id: (Interaction) -> Int
  ) -> [Int32] {
    let largest = interactions.reduce(-1) { max($0, id($1)) }
    var counts = [Int32](repeating: 0, count: largest + 1)
    for interaction in interactions { counts[id(interaction)] += 1 }
    return counts
  }

  /// The windows of all users, sorted by time and user of the target; see ``WindowTable``.
  static func windows(_ interactions: [Interaction]) -> [Window] {
    let table = WindowTable(interactions)
    return (0..<table.count).map { table[$0] }
  }

  /// Cuts sorted windows 8:1:1.
  static func split(
    _ windows: [Window]
  ) -> (train: [Window], validation: [Window], test: [Window]) {
    let parts = cuts(windows.count)
    return (
      Array(windows[parts.train]), Array(windows[parts.validation]), Array(windows[parts.test])
    )
  }

  /// Where sorted windows are cut; the cuts are floors of the double-precision products.
  static func cuts(
    _ count: Int, ratio: [Int] = ratio
  ) -> (train: Range<Int>, validation: Range<Int>, test: Range<Int>) {
    let whole = Double(ratio.reduce(0, +))
    let first = Int(Double(ratio[0]) / whole * Double(count))
    let second = Int(Double(ratio[0] + ratio[1]) / whole * Double(count))
    return (0..<first, first..<second, second..<count)
  }
}

/// The windows of all users, sorted by time and user of the target.
///
/// For a user with n interactions there is a window for every target index from `min(10, n − 1)` to
/// `n − 1`, with the (at most) 10 items before it. Memory is 20 bytes an interaction, since windows
/// are made when they are asked for.
struct WindowTable: RandomAccessCollection {
  /// By user, each user's in the order given.
  private let interactions: [Interaction]
  /// `[users + 1]`: where each user's interactions begin.
  private let starts: [Int32]
  /// `[windows]`: where the targets are.
  private var targets: [Int32] = []
  private let historyLimit: Int

  /// - Parameters:
  ///   - interactions: in order of time; ties stay in the order given.
  ///   - core: a user with fewer has no window, nor has one with a single interaction.
  ///   - historyLimit: the longest history, in items.
  init(
    _ interactions: [Interaction], core: Int = Windowing.core,
    historyLimit: Int = Windowing.historyLimit
  ) {
    let counts = Windowing.counts(interactions, \.user)
    var ends: [Int32] = [0]
    for count in counts { ends.append(ends[ends.count - 1] + count) }
    starts = ends
    var places = ends
    var order = [Int32](repeating: 0, count: interactions.count)
    for (index, interaction) in interactions.enumerated() {
      order[Int(places[interaction.user])] = Int32(index)
      places[interaction.user] += 1
    }
    let sorted = order.map { interactions[Int($0)] }
    self.interactions = sorted
    self.historyLimit = historyLimit
    for (user, count) in counts.enumerated() where count >= Swift.max(core, 2) {
      let first = starts[user] + Swift.min(Int32(clamping: historyLimit), count - 1)
      targets.append(contentsOf: first..<starts[user + 1])
    }
    // The sort is stable, and a user's windows are in order already.
    targets.sort { first, second in
      let (first, second) = (sorted[Int(first)], sorted[Int(second)])
      return (first.timestamp, first.user) < (second.timestamp, second.user)
    }
  }

  var startIndex: Int { 0 }
  var endIndex: Int { targets.count }

  subscript(index: Int) -> Window {
    let place = Int(targets[index])
    let target = interactions[place]
    let first = Swift.max(Int(starts[target.user]), place - historyLimit)
    return Window(
      user: target.user, history: interactions[first..<place].map(\.item), target: target.item,
      timestamp: target.timestamp)
  }
}
