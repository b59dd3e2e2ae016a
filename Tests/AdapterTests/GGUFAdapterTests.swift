import BearLabFormats
import BearLabLanguageModel
import BearLabNN
import BearLabTestSupport
import Testing

@testable import BearLabRun

/// The layout of llama.cpp's adapters.
@Suite struct GGUFAdapterTests {
  private func adapter() throws -> (LanguageModelShape, LoRAAdapter) {
    let shape = try ModelSources.open("\(Golden.folder)/base").description.shape
    return (shape, try PEFTAdapter(folder: "\(Golden.folder)/patterns").adapter(for: shape))
  }

  @Test(arguments: [ModelArchitecture.llama, .qwen2])
  func whatIsWrittenComesBack(architecture: ModelArchitecture) throws {
    let (shape, adapter) = try adapter()
    let base = GGUFAdapter.Base(architecture: architecture, shape: shape)
    try withFolder { folder in
      let path = "\(folder)/a.gguf"
      try GGUFAdapter.write(adapter, for: base, to: path)
      let found = try GGUFAdapter.read(path, for: base, settings: adapter.settings)
      let (golden, model) = (try Golden.load(), try Golden.model(at: "\(Golden.folder)/base"))
      let expected = try golden.logits(model, adapter)
      #expect(try largestGap(golden.logits(model, found), expected) < 1e-5)
    }
  }

  /// One alpha for all; what another scale needs goes into B; rows of Q and K in ggml's order.
  @Test func theLayoutIsThatOfLlamaCpp() throws {
    let (shape, adapter) = try adapter()
    try withFolder { folder in
      let path = "\(folder)/a.gguf"
      try GGUFAdapter.write(
        adapter, for: GGUFAdapter.Base(architecture: .llama, shape: shape), to: path)
      let file = try GGUFFile(path: path)
      #expect(try file.string("general.type") == "adapter")
      #expect(try file.string("adapter.type") == "lora")
      #expect(try file.string("general.architecture") == "llama")
      // The first pair's: layer 0, q_proj, alpha 8.
      #expect(try file.real("adapter.lora.alpha") == 8)
      #expect(file.tensors.count == 2 * 14)
      #expect(file.tensors["blk.1.attn_q.weight.lora_a"]?.shape == [6, 16])
      let pair = try #require(adapter.layers[1][.query])
      let b = try file.floats(of: "blk.1.attn_q.weight.lora_b", shape: [16, 6])
      // Heads of width 4: rows 0, 2, 1, 3 of each.
      let own = pair.b.scalars
      #expect(Array(b[6..<12]) == Array(own[12..<18]) && Array(b[..<6]) == Array(own[..<6]))
      // down_proj has alpha 5 of rank 4: 5 / 8 of what llama.cpp makes of it.
      let down = try #require(adapter.layers[0][.down])
      let scaled = try file.floats(of: "blk.0.ffn_down.weight.lora_b", shape: [16, 4])
      #expect(largestGap(scaled, down.b.scalars.map { $0 * 0.625 }) < 1e-6)
    }
  }
}
