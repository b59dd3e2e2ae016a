import BearLabSentenceEncoder
import BearLabTestSupport
import Testing

/// Against sentence-transformers, where the weights are at hand.
@Suite struct MiniLMTests {
  /// `minilm.json` was made with sentence-transformers 5.7 in double precision: `make_minilm.py`.
  @Test func tokensAndVectorsMatchSentenceTransformers() throws {
    guard let folder = defaultEncoderPath else { return }
    let encoder = try BERTSentenceEncoder(folder: folder)
    #expect(encoder.width == 384)
    let rows = try GoldenRow.rows("minilm")
    #expect(rows.count == 26)
    let vectors = try encoder.embed(rows.map(\.text))
    for (index, golden) in rows.enumerated() {
      #expect(encoder.tokens(of: golden.text) == golden.tokens, "\(golden.text)")
      #expect(largestGap(row(index, of: vectors), golden.vector) < 1e-5, "\(golden.text)")
    }
  }
}
