import BearLabFormats
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// The golden checkpoints converted as llama.cpp's converter does, read from GGUF.
@Suite struct GGUFFamilyTests {
  @Test(arguments: GoldenModels.names)
  func aGGUFFileGivesTheCheckpointsLogits(name: String) throws {
    let folder = try GoldenModels.folder(name)
    let checkpoint = try LoadedModel(path: folder)
    try withGGUF(of: folder) { path in
      let converted = try LoadedModel(path: path)
      let outline = converted.outline
      #expect(outline.tiedHead == checkpoint.outline.tiedHead)
      #expect(outline.shape.attentionBias == checkpoint.outline.shape.attentionBias)
      let tokens = [Int32](0..<100)
      func logits(_ model: LanguageModel) throws -> [Float] {
        var forest = TokenForest()
        let nodes = forest.insert(tokens: tokens)
        return model.vocabularyLogits(of: try model.hiddenStates(of: nodes, in: forest)).scalars
      }
      let gap = largestGap(try logits(converted.model), try logits(checkpoint.model))
      // The factors of rotary scaling are rounded on their way.
      #expect(gap < 1e-4)
      let text = "The Stone Inn 1234, don't"
      #expect(converted.encoder.encode(text) == checkpoint.encoder.encode(text))
    }
  }

  @Test func whatIsNotReadIsRefused() throws {
    let folder = try GoldenModels.folder("qwen2")
    for (name, says) in [
      ("blk.1.ffn_up.bias", "tensor blk.1.ffn_up.bias is 'present', which is not supported"),
      ("blk.0.attn_output.bias", "tensor blk.1.attn_output.bias is missing"),
    ] {
      try withGGUF(of: folder, adding: name) { path in
        let error = #expect(throws: GGUFError.self) { try LoadedModel(path: path) }
        #expect(error?.description.hasSuffix(says) == true, "\(error?.description ?? "none")")
      }
    }
  }

  private struct Tokenizer: Decodable {
    struct Model: Decodable {
      let vocab: [String: Int]
      let merges: [Merge]
    }
    struct Added: Decodable {
      let id: Int
      let content: String
    }
    /// "a b" or ["a", "b"].
    struct Merge: Decodable {
      let text: String
      init(from decoder: any Decoder) throws {
        if let pair = try? [String](from: decoder) {
          text = pair.joined(separator: " ")
        } else {
          text = try decoder.singleValueContainer().decode(String.self)
        }
      }
    }
    let model: Model
    let added_tokens: [Added]
  }

  private func withGGUF(
    of folder: String, adding extra: String? = nil, _ body: (String) throws -> Void
  ) throws {
    let source = try ModelSources.open(folder)
    let shape = source.description.shape
    var builder = GGUFBuilder()
    try addMetadata(source, to: &builder)
    try addTokenizer(folder, source.description, to: &builder)
    for name in shape.weightNames(tiedHead: source.description.tiedEmbeddings) {
      try add(name, of: source, to: &builder)
    }
    if let extra { add([Float](repeating: 0, count: 16), extra, [16], to: &builder) }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).gguf")
    try Data(builder.bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  private func addMetadata(_ source: any ModelSource, to builder: inout GGUFBuilder) throws {
    let model = source.description
    let name = model.architecture.rawValue
    builder.add("general.architecture", name)
    for (key, value) in [
      ("block_count", model.blockCount), ("embedding_length", model.width),
      ("feed_forward_length", model.feedForwardWidth), ("context_length", model.contextLength),
      ("attention.head_count", model.headCount), ("attention.head_count_kv", model.kvHeadCount),
      ("attention.key_length", model.headWidth), ("attention.value_length", model.headWidth),
    ] { builder.add("\(name).\(key)", UInt32(value)) }
    builder.add("\(name).attention.layer_norm_rms_epsilon", model.normEpsilon)
    builder.add("\(name).rope.freq_base", model.ropeTheta)
    switch model.ropeScaling {
    case .none, .factors: break
    case .linear(let factor):
      builder.add("\(name).rope.scaling.type", "linear")
      builder.add("\(name).rope.scaling.factor", factor)
    case .llama3(let settings):
      add(
        factors(settings, model), "rope_freqs.weight", [model.headWidth / 2], to: &builder)
    }
  }

  /// As `convert_hf_to_gguf.py` works them out, in double precision.
  private func factors(_ settings: Llama3RotaryScaling, _ model: ModelDescription) -> [Float] {
    (0..<model.headWidth / 2).map { index in
      let frequency = pow(Double(model.ropeTheta), -2 * Double(index) / Double(model.headWidth))
      let wavelength = 2 * Double.pi / frequency
      let context = Double(settings.originalContextLength)
      let (low, high) = (
        Double(settings.lowFrequencyFactor), Double(settings.highFrequencyFactor)
      )
      if wavelength < context / high { return 1 }
      if wavelength > context / low { return settings.factor }
      let smooth = (context / wavelength - low) / (high - low)
      return Float(1 / ((1 - smooth) / Double(settings.factor) + smooth))
    }
  }

  private func addTokenizer(
    _ folder: String, _ model: ModelDescription, to builder: inout GGUFBuilder
  ) throws {
    let data = try Data(contentsOf: URL(filePath: "\(folder)/tokenizer.json"))
    let tokenizer = try JSONDecoder().decode(Tokenizer.self, from: data)
    var numbers = tokenizer.model.vocab
    for added in tokenizer.added_tokens { numbers[added.content] = added.id }
    let tokens = numbers.sorted { $0.value < $1.value }.map(\.key)
    let special = Set(tokenizer.added_tokens.map(\.id))
    let pre = [ModelArchitecture.llama: "llama-bpe", .qwen2: "qwen2", .qwen3: "smollm"]
    builder.add("tokenizer.ggml.model", "gpt2")
    builder.add("tokenizer.ggml.pre", try #require(pre[model.architecture]))
    for (key, texts) in [("tokens", tokens), ("merges", tokenizer.model.merges.map(\.text))] {
      builder.add(
        "tokenizer.ggml.\(key)", array: 8, count: texts.count, texts.flatMap(GGUFBuilder.string))
    }
    builder.add(
      "tokenizer.ggml.token_type", array: 5, count: tokens.count,
      tokens.indices.flatMap { GGUFBuilder.little(Int32(special.contains($0) ? 3 : 1)) })
    builder.add("tokenizer.ggml.eos_token_id", UInt32(0))
  }

  /// A weight; of a Llama's Q and K, the two halves of each head take turns.
  private func add(
    _ name: WeightName, of source: any ModelSource, to builder: inout GGUFBuilder
  ) throws {
    let shape = source.description.shape
    let extents = shape.extents(of: name)
    var numbers = [Float](repeating: 0, count: extents.reduce(1, *))
    var span = numbers.mutableSpan
    try source.copy(name, shape: shape, into: &span)
    switch name {
    case .projection(.query, _), .projection(.key, _), .bias(.query, _), .bias(.key, _):
      if source.description.architecture == .llama {
        let columns = numbers.count / extents[0]
        let half = shape.headWidth / 2
        numbers = (0..<extents[0]).flatMap { row -> ArraySlice<Float> in
          let (head, place) = (row / shape.headWidth, row % shape.headWidth)
          let from = head * shape.headWidth + place % 2 * half + place / 2
          return numbers[from * columns..<(from + 1) * columns]
        }
      }
    default: break
    }
    add(numbers, name.ggufTensor, extents, to: &builder)
  }

  private func add(
    _ numbers: [Float], _ name: String, _ extents: [Int], to builder: inout GGUFBuilder
  ) {
    builder.add(
      name, extents.reversed().map(UInt64.init), type: 0,
      numbers.flatMap { GGUFBuilder.little($0.bitPattern) })
  }
}
