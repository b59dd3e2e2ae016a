/// The largest absolute difference of two lists; infinite where lengths differ or a number is NaN.
public func largestGap(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var gap = 0.0
  for (first, second) in zip(actual, expected) {
    let difference = abs(Double(first) - second)
    // `max` would drop a NaN.
    if difference.isNaN { return .infinity }
    gap = max(gap, difference)
  }
  return gap
}

/// The largest absolute difference of two lists; infinite where lengths differ or a number is NaN.
public func largestGap(_ actual: [Float], _ expected: [Float]) -> Double {
  largestGap(actual, expected.map(Double.init))
}

/// The largest difference over the largest expected magnitude.
public func relativeGap(_ actual: [Float], _ expected: [Float]) -> Double {
  let largest = expected.map { Double(abs($0)) }.max() ?? 0
  return largestGap(actual, expected) / max(largest, 1e-30)
}
