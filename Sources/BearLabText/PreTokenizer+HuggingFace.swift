extension PreTokenizer {
  /// Patterns of a `Split`, as files spell them.
  private static let byPattern: [String: PreTokenizer] = {
    let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    var patterns = [gpt2: PreTokenizer.gpt2]
    for (numbers, kind) in [(#"\p{N}{1,3}"#, PreTokenizer.llama3), (#"\p{N}"#, .qwen2)] {
      // As in nearly all, and with the possessive quantifiers of tiktoken, which match the same.
      let usual =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
      let possessive =
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|"# + numbers
        + #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
      patterns[usual] = kind
      patterns[possessive] = kind
    }
    return patterns
  }()

  /// What is supported, for messages.
  static let supportedSteps = [
    "ByteLevel (GPT-2)", "Digits and ByteLevel (SmolLM)",
    "Split by the pattern of Llama 3, Qwen2 or GPT-2 and ByteLevel without regex",
  ]

  /// Recognises the pre-tokenizer of a `tokenizer.json`; nil if it is another one.
  init?(_ step: TokenizerStep?) {
    let steps = step?.steps ?? []
    guard let last = steps.last, last.type == "ByteLevel", last.add_prefix_space != true else {
      return nil
    }
    // Absent is true, as in the files of before the setting.
    let isGPT2 = last.use_regex ?? true
    switch (steps.count, steps[0].type, isGPT2) {
    case (1, _, true): self = .gpt2
    case (2, "Digits", true):
      guard steps[0].individual_digits == true else { return nil }
      self = .smollm
    case (2, "Split", false):
      guard let known = Self.split(steps[0]) else { return nil }
      self = known
    default: return nil
    }
  }

  private static func split(_ step: TokenizerStep) -> PreTokenizer? {
    // These patterns match every character: to keep what matches is to cut around it.
    switch (step.behavior, step.invert ?? false) {
    case ("Isolated", false), ("Removed", true): byPattern[step.pattern?.Regex ?? ""]
    default: nil
    }
  }
}
