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
    precondition(
      heads > 0 && rows % (2 * heads) == 0 && weights.count == rows * columns,
      "\(weights.count) weights for [\(rows), \(columns)] in \(heads) heads of even width")
    let headWidth = rows / heads
    let half = headWidth / 2
    var result: [Float] = []
    result.reserveCapacity(weights.count)
    for row in 0..<rows {
      let (head, inHead) = (row / headWidth, row % headWidth)
      let source = head * headWidth + 2 * (inHead % half) + inHead / half
      result.append(contentsOf: weights[source * columns..<(source + 1) * columns])
    }
    return result
  }
}
