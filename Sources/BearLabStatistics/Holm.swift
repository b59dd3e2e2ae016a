/// Holm's correction of p-values for the number of tests.
///
///     p'_(i) = max over j ≤ i of min(1, (m − j + 1) p_(j))        p_(1) ≤ … ≤ p_(m)
///
/// Whoever calls significant what is below α then errs in any of the m tests with a probability of
/// at most α, however the tests depend on one another.
///
/// - Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979.
public enum Holm {
  /// The corrected values, in the order of the given ones.
  public static func corrected(_ pValues: [Double]) -> [Double] {
    var corrected = pValues
    var largest = 0.0
    let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
    for (place, index) in order.enumerated() {
      largest = max(largest, min(1, Double(pValues.count - place) * pValues[index]))
      corrected[index] = largest
    }
    return corrected
  }
}
