import BearLabFormats
import BearLabTestSupport
import BearLabText
import Foundation
import Testing

/// Against the default model's vocabulary, where that file is at hand.
struct GoldenTests {
  private struct Row: Decodable {
    let text: String
    let ids: [Int32]
  }

  private func encoder(_ file: GGUFFile) throws -> BytePairEncoder {
    try BytePairEncoder(
      vocabulary: file.strings("tokenizer.ggml.tokens"),
      merges: file.strings("tokenizer.ggml.merges"),
      tokenTypes: file.integers("tokenizer.ggml.token_type"),
      preTokenizer: file.string("tokenizer.ggml.pre"),
      bosToken: Int32(file.integer("tokenizer.ggml.bos_token_id")),
      eosToken: Int32(file.integer("tokenizer.ggml.eos_token_id")),
      addsBOS: file.bool("tokenizer.ggml.add_bos_token"))
  }

  private func rows() throws -> [Row] {
    let url = try #require(
      Bundle.module.url(forResource: "tokenizer", withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode([Row].self, from: Data(contentsOf: url))
  }

  /// `tokenizer.json` was made with transformers 5.23.
  @Test func everyTokenMatchesTransformers() throws {
    guard let modelPath = defaultModelPath else { return }
    let encoder = try encoder(GGUFFile(path: modelPath))
    let rows = try rows()
    #expect(rows.count == 323)
    for row in rows {
      let tokens = encoder.encodeWithSpecialTokens(row.text)
      #expect(tokens == row.ids, "\(row.text)")
      #expect(Array(encoder.decode(tokens).utf8) == Array(row.text.utf8))
      if !row.text.contains("<|") { #expect(encoder.encode(row.text) == row.ids) }
    }
    #expect(encoder.bosToken == nil && encoder.eosToken == 2)
    #expect(encoder.encode("<|im_end|>").count > 1)
  }

  @Test func describesTheModel() throws {
    guard let modelPath = defaultModelPath else { return }
    let file = try GGUFFile(path: modelPath)
    let model = try ModelDescription(file)
    #expect(model.blockCount == 30 && model.width == 576 && model.feedForwardWidth == 1536)
    #expect(model.headCount == 9 && model.kvHeadCount == 3 && model.headWidth == 64)
    #expect(model.vocabularySize == 49_152 && model.contextLength == 8192)
    #expect(model.tiedEmbeddings && model.ropeTheta == 100_000 && model.normEpsilon == 1e-5)
    let weights = try file.floats(of: "blk.0.ffn_down.weight", shape: [576, 1536])
    let meanSquare = weights.reduce(0) { $0 + Double($1 * $1) } / Double(weights.count)
    #expect((1e-4...1).contains(meanSquare))
  }
}
