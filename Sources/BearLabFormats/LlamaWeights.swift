/// What a Llama's GGUF stores otherwise than the Hugging Face checkpoint.
public enum LlamaWeights {
  /// Brings the rows of a Q or K projection back to the order of the Hugging Face checkpoint.
  ///
  /// ggml rotates neighbouring rows of a head, Hugging Face rows that are half a head apart, so the
  /// converter interleaves the two halves of every head:
  ///
  ///     gguf[h, 2 i + s] = hf[h, s · headWidth / 2 + i]     i < headWidth / 2, s < 2
  ///
  /// - Parameters:
  ///   - weights: `[rows, columns]` row-major, as the GGUF has them.
  ///   - heads: of this projection: all for Q, those of keys for K.
  ///   - rows: heads · headWidth.
  ///   - columns: the width of the residual stream; 1 for a bias.
  /// - Returns: `[rows, columns]` in "rotate half" order.
  /// - Source: ggml-org/llama.cpp, `convert_hf_to_gguf.py`, `LlamaModel.permute`.
  public static func unpermuteRotaryRows(
    _ weights: [Float], heads: Int, rows: Int, columns: Int
  ) -> [Float] {
    reordered(weights, heads: heads, rows: rows, columns: columns) { row, half in
      2 * (row % half) + row / half
    }
  }

  /// Brings the rows of a Q or K projection to the order that ggml has for a Llama: the inverse of
  /// ``unpermuteRotaryRows(_:heads:rows:columns:)``.
  public static func permuteRotaryRows(
    _ weights: [Float], heads: Int, rows: Int, columns: Int
  ) -> [Float] {
    reordered(weights, heads: heads, rows: rows, columns: columns) { row, half in
      row % 2 * half + row / 2
    }
  }

  /// Takes each row of a head from the row that `source` says, given half the width of a head.
  private static func reordered(
    _ weights: [Float], heads: Int, rows: Int, columns: Int, source: (Int, Int) -> Int
  ) -> [Float] {
    precondition(
      heads > 0 && rows % (2 * heads) == 0 && weights.count == rows * columns,
      "\(weights.count) weights for [\(rows), \(columns)] in \(heads) heads of even width")
    let headWidth = rows / heads
    var result: [Float] = []
    result.reserveCapacity(weights.count)
    for row in 0..<rows {
      let from = row / headWidth * headWidth + source(row % headWidth, headWidth / 2)
      result.append(contentsOf: weights[from * columns..<(from + 1) * columns])
    }
    return result
  }
}
