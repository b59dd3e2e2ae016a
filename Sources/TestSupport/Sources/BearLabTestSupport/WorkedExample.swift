public import BearLabCore

/// The catalogue and model of section 7.2 of the method specification.
///
/// Logits depend on the last token p only: z(v) = 0.5 · ((5p + 3v + p·v) mod 7), p = 12 at the root.
public enum WorkedExample {
  /// Titles 0 to 5 are the items i1 to i6; EOS is 0.
  public static let paths: [[Int32]] = [
    [1, 4, 5, 0], [1, 4, 6, 0], [1, 7, 0], [2, 5, 0], [2, 8, 9, 10, 0], [3, 6, 0],
  ]

  /// Scores the catalogue; every prompt is the same.
  public static func scorer(_ constraint: ConstraintMode) throws -> TableScorer {
    TableScorer(trie: try ItemTrie(paths: paths), constraint: constraint) { _, prefix in
      (0...10).map { logit(of: $0, after: Int(prefix.last ?? 12)) }
    }
  }

  private static func logit(of token: Int, after last: Int) -> Double {
    let product: Int = token * last
    return Double((5 * last + 3 * token + product) % 7) / 2
  }
}
