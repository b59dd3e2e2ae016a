public import Foundation

/// A random Llama small enough for tests, as the bytes of a GGUF file.
///
/// Two layers of width 32, four heads over two key-value heads, a feed-forward width of 48, tied
/// embeddings, all F32; the tokenizer has a token for every byte, a few merges and an EOS.
public struct TinyGGUF {
  private static let layerCount = 2
  private static let width = 32
  private static let keyValueWidth = 16
  private static let feedForwardWidth = 48
  private static let alignment = 32
  static let merges = [
    "t h", "th e", "Ġ the", "i n", "o n", "e r", "Ġ a", "Ġ S", "s t",
  ]

  private var keys: [Data] = []
  private var headers: [Data] = []
  private var numbers = Data()
  private var random: SeededGenerator

  /// Draws the weights; the same seed gives the same bytes.
  public init(seed: UInt64 = 1) {
    random = SeededGenerator(seed)
    addShape()
    addTokenizer()
    addTensors()
  }

  /// The file.
  public var data: Data {
    var file = Data("GGUF".utf8) + Self.little(UInt32(3))
    file += Self.little(UInt64(headers.count)) + Self.little(UInt64(keys.count))
    for part in keys + headers { file += part }
    file += Data(count: -file.count & (Self.alignment - 1))
    return file + numbers
  }

  // MARK: Metadata

  static var tokens: [String] {
    byteAlphabet + ["<|endoftext|>"] + merges.map { $0.replacing(" ", with: "") }
  }

  /// GPT-2's characters of the bytes 0 to 255: printable Latin-1 as it is, the others from U+0100.
  private static var byteAlphabet: [String] {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      let isPrintable = 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || 0xAE...0xFF ~= byte
      defer { next += isPrintable ? 0 : 1 }
      return Unicode.Scalar(isPrintable ? byte : next).map { String(Character($0)) } ?? ""
    }
  }

  private mutating func addShape() {
    add("general.architecture", "llama")
    add("llama.block_count", UInt32(Self.layerCount))
    add("llama.embedding_length", UInt32(Self.width))
    add("llama.feed_forward_length", UInt32(Self.feedForwardWidth))
    add("llama.context_length", 512)
    add("llama.attention.head_count", 4)
    add("llama.attention.head_count_kv", 2)
    add("llama.attention.layer_norm_rms_epsilon", type: 6, Self.little(Float(1e-5).bitPattern))
  }

  private mutating func addTokenizer() {
    let tokens = Self.tokens
    add("tokenizer.ggml.model", "gpt2")
    add("tokenizer.ggml.pre", "smollm")
    add("tokenizer.ggml.tokens", array: 8, tokens.map(Self.string))
    add("tokenizer.ggml.merges", array: 8, Self.merges.map(Self.string))
    // 3 is a control token, 1 a normal one.
    let types = tokens.indices.map { Self.little(Int32($0 == 256 ? 3 : 1)) }
    add("tokenizer.ggml.token_type", array: 5, types)
    add("tokenizer.ggml.eos_token_id", 256)
  }

  private mutating func add(_ key: String, type: UInt32, _ value: Data) {
    keys.append(Self.string(key) + Self.little(type) + value)
  }

  private mutating func add(_ key: String, _ value: UInt32) {
    add(key, type: 4, Self.little(value))
  }

  private mutating func add(_ key: String, _ value: String) {
    add(key, type: 8, Self.string(value))
  }

  private mutating func add(_ key: String, array type: UInt32, _ elements: [Data]) {
    let count = Self.little(type) + Self.little(UInt64(elements.count))
    add(key, type: 9, elements.reduce(into: count) { $0 += $1 })
  }

  private static func string(_ text: String) -> Data {
    little(UInt64(text.utf8.count)) + Data(text.utf8)
  }

  private static func little(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }

  // MARK: Tensors

  private mutating func addTensors() {
    let (width, inner) = (Self.width, Self.feedForwardWidth)
    addTensor("token_embd.weight", [width, Self.tokens.count], -0.5...0.5)
    addTensor("output_norm.weight", [width], 0.5...1.5)
    for layer in 0..<Self.layerCount {
      let sizes: [(stem: String, dimensions: [Int])] = [
        ("attn_q", [width, width]), ("attn_k", [width, Self.keyValueWidth]),
        ("attn_v", [width, Self.keyValueWidth]), ("attn_output", [width, width]),
        ("ffn_gate", [width, inner]), ("ffn_up", [width, inner]), ("ffn_down", [inner, width]),
      ]
      for (stem, dimensions) in sizes {
        addTensor("blk.\(layer).\(stem).weight", dimensions, -0.4...0.4)
      }
      addTensor("blk.\(layer).attn_norm.weight", [width], 0.5...1.5)
      addTensor("blk.\(layer).ffn_norm.weight", [width], 0.5...1.5)
    }
  }

  /// Adds a random tensor; `dimensions` in the file's order, row length first.
  private mutating func addTensor(
    _ name: String, _ dimensions: [Int], _ range: ClosedRange<Float>
  ) {
    var header = Self.string(name) + Self.little(UInt32(dimensions.count))
    for size in dimensions { header += Self.little(UInt64(size)) }
    // Type 0 is F32.
    headers.append(header + Self.little(UInt32(0)) + Self.little(UInt64(numbers.count)))
    for _ in 0..<dimensions.reduce(1, *) {
      numbers += Self.little(Float.random(in: range, using: &random).bitPattern)
    }
    numbers += Data(count: -numbers.count & (Self.alignment - 1))
  }
}
