extension RaggedRows {
  /// The `count` largest values of each row with their places in it, the largest first.
  ///
  /// Of equal values the first comes first; NaN is never among them. Fewer where a row is shorter.
  ///
  /// - Complexity: O(n log count) for a row of n, O(n) mostly.
  public func rowLargest(_ count: Int) -> [[(place: Int, value: Float)]] {
    (0..<rowCount).map { row in
      largest(count, ofRow: row).bestFirst.map { (place: $0.place, value: $0.value) }
    }
  }

  /// The k-th largest value of each row, `[rows]`; the smallest of a row with fewer than k.
  ///
  /// Equal values are ranked by their places; the gradient goes to the one that is ranked k-th. Detach
  /// it for a constant threshold. NaN is passed over where there is anything else.
  ///
  /// - Complexity: O(n log k) for a row of n, O(n) mostly.
  public func rowKthLargest(_ k: Int) -> Tensor {
    precondition(k >= 1, "the \(k)-th largest value")
    let places = (0..<rowCount).map { row in
      precondition(length(of: row) > 0, "row \(row) is empty")
      return offsets[row] + (largest(k, ofRow: row).worst?.place ?? 0)
    }
    return values.gathered(at: places)
  }

  private func largest(_ count: Int, ofRow row: Int) -> LargestValues {
    var largest = LargestValues(limit: min(count, length(of: row)))
    let start = values.buffer.pointer + offsets[row]
    largest.take(UnsafeBufferPointer(start: start, count: length(of: row)))
    return largest
  }
}

/// The largest of some values with their places; of equal ones the first.
///
/// A binary heap with the worst on top: nearly every value of a long row is turned away by one
/// comparison with it.
struct LargestValues {
  typealias Entry = (value: Float, place: Int)

  private var heap: [Entry] = []
  private let limit: Int

  /// Keeps at most `limit` values.
  init(limit: Int) {
    self.limit = limit
    heap.reserveCapacity(limit)
  }

  /// The last of those kept; nil of none.
  var worst: Entry? { heap.first }

  /// Those kept, in descending order.
  var bestFirst: [Entry] { heap.sorted { Self.isWorse($1, $0) } }

  /// Takes what is among the largest of some values, which are at the places 0, 1, …; never NaN.
  mutating func take(_ values: UnsafeBufferPointer<Float>) {
    guard limit > 0 else { return }
    for (place, value) in values.enumerated() {
      if heap.count < limit {
        if !value.isNaN { push((value, place)) }
      } else if value > heap[0].value {  // an equal one comes later
        replaceWorst(with: (value, place))
      }
    }
  }

  private static func isWorse(_ one: Entry, _ other: Entry) -> Bool {
    one.value < other.value || one.value == other.value && one.place > other.place
  }

  private mutating func push(_ entry: Entry) {
    var index = heap.count
    heap.append(entry)
    while index > 0, Self.isWorse(entry, heap[(index - 1) / 2]) {
      heap[index] = heap[(index - 1) / 2]
      index = (index - 1) / 2
    }
    heap[index] = entry
  }

  private mutating func replaceWorst(with entry: Entry) {
    var index = 0
    while 2 * index + 1 < heap.count {
      var child = 2 * index + 1
      if child + 1 < heap.count, Self.isWorse(heap[child + 1], heap[child]) { child += 1 }
      guard Self.isWorse(heap[child], entry) else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = entry
  }
}
