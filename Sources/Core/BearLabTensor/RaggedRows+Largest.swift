extension RaggedRows {
  /// The `count` largest values of each row with their places in it, the largest first.
  ///
  /// Of equal values the first comes first; NaN is never among them. Fewer where a row is shorter.
  ///
  /// - Complexity: O(n + count² log n) for a row of n in random order.
  public func rowLargest(_ count: Int) -> [[(place: Int, value: Float)]] {
    (0..<rowCount).map { row in
      let values = UnsafeBufferPointer(
        start: values.buffer.pointer + offsets[row], count: length(of: row))
      var largest: [(place: Int, value: Float)] = []
      for (place, value) in values.enumerated() where !value.isNaN {
        if largest.count == count {
          guard let last = largest.last, value > last.value else { continue }
          largest.removeLast()
        }
        let index = largest.lastIndex { $0.value >= value }.map { $0 + 1 } ?? 0
        largest.insert((place, value), at: index)
      }
      return largest
    }
  }
}
