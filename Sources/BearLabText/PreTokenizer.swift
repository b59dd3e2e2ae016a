/// How text is cut into the pieces inside which bytes are merged.
enum PreTokenizer: String, CaseIterable {
  /// Every numeric character alone, then GPT-2's pattern within each stretch between them.
  case smollm = "SmolLM"
  case gpt2 = "GPT-2"
  /// Words with the character before them, numbers in groups of up to three digits.
  case llama3 = "Llama 3"
  /// As Llama 3's, but every digit alone.
  case qwen2 = "Qwen2"

  /// By the values of the GGUF key `tokenizer.ggml.pre`.
  ///
  /// - Source: ggml-org/llama.cpp, `src/llama-vocab.cpp`.
  static let byGGUFName: [String: PreTokenizer] = [
    "smollm": .smollm, "gpt-2": .gpt2, "llama-bpe": .llama3, "llama3": .llama3,
    "llama-v3": .llama3, "qwen2": .qwen2, "deepseek-r1-qwen": .qwen2,
  ]

  /// The pieces of `text` as ranges of its bytes: in order, without gaps, none empty.
  func pieces(of text: ScannedText) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    switch self {
    case .smollm: Self.splitDigits(text, into: &pieces)
    case .gpt2: GPT2Pattern.split(text, 0..<text.count, into: &pieces)
    case .llama3: Llama3Pattern(longestNumber: 3).split(text, into: &pieces)
    case .qwen2: Llama3Pattern(longestNumber: 1).split(text, into: &pieces)
    }
    return pieces
  }

  private static func splitDigits(_ text: ScannedText, into pieces: inout [Range<Int>]) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text.kinds[end] != .number { end += 1 }
      GPT2Pattern.split(text, start..<end, into: &pieces)
      if end < text.count {
        pieces.append(text.bytes(from: end, to: end + 1))
        end += 1
      }
      start = end
    }
  }
}
