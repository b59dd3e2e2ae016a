extension Gap {
  /// The largest absolute difference of two lists.
  static func absolute(
    _ quantity: String, _ actual: [Double], _ expected: [Double], tolerance: Double
  ) -> Gap {
    Gap(quantity, largest(actual, expected), tolerance: tolerance)
  }

  /// The largest difference over the largest expected magnitude.
  static func relative(
    _ quantity: String, _ actual: [Double], _ expected: [Double], tolerance: Double
  ) -> Gap {
    // Where all expected numbers are zero but for rounding, single precision is the scale.
    let scale = max(expected.map(abs).max() ?? 0, Double(Float.ulpOfOne))
    return Gap(quantity, largest(actual, expected) / scale, tolerance: tolerance)
  }

  /// The largest of several gaps of one quantity.
  static func worst(_ gaps: [Gap]) -> Gap? {
    gaps.first { $0.value.isNaN } ?? gaps.max { $0.value < $1.value }
  }

  /// The largest absolute difference; NaN where there is one, infinite for different lengths.
  private static func largest(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    let differences = zip(actual, expected).map { abs($0 - $1) }
    return differences.contains(where: \.isNaN) ? .nan : differences.max() ?? 0
  }
}
