internal import BearLabFormats

/// `tokenizer.json` and `tokenizer_config.json` of the byte-level tokenizer in a GGUF file.
///
/// - Source: the files that huggingface/transformers writes for Llama 3, Qwen2 and SmolLM.
struct GGUFTokenizerFile {
  private let file: GGUFFile
  private let vocabulary: [String]
  /// By token; 3 is a control token, 4 one that was added.
  private let types: [Int]

  init(_ file: GGUFFile) throws {
    self.file = file
    vocabulary = try file.strings("tokenizer.ggml.tokens")
    types =
      file.metadata["tokenizer.ggml.token_type"] == nil
      ? [] : try file.integers("tokenizer.ggml.token_type")
  }

  /// The members of `tokenizer.json`.
  ///
  /// - Throws: `GGUFError`, or ``AdapterExportError/unknownTokenizer(path:kind:)``.
  func members() throws -> [String: JSONValue] {
    let cut = try cut()
    return [
      "version": .text("1.0"), "truncation": .null, "padding": .null,
      "added_tokens": .array(added), "normalizer": cut.normaliser, "pre_tokenizer": cut.steps,
      "post_processor": postProcessor, "decoder": Self.byteLevel(usingPattern: true),
      "model": .object([
        "type": .text("BPE"), "dropout": .null, "unk_token": .null,
        "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": .bool(false),
        "byte_fallback": .bool(false), "ignore_merges": .bool(cut.ignoresMerges),
        "vocab": .object(
          Dictionary(
            vocabulary.enumerated().map { ($1, .number(Double($0))) }, uniquingKeysWith: { $1 })),
        "merges": .array(
          try file.strings("tokenizer.ggml.merges").map { merge in
            .array(merge.split(separator: " ").map { .text(String($0)) })
          }),
      ]),
    ]
  }

  /// The members of `tokenizer_config.json`.
  func settings() -> [String: JSONValue] {
    var settings: [String: JSONValue] = [
      "tokenizer_class": .text("PreTrainedTokenizerFast"), "add_bos_token": .bool(addsBOS),
      "bos_token": token("bos_token_id").map { .text($0) } ?? .null,
      "eos_token": token("eos_token_id").map { .text($0) } ?? .null,
      "clean_up_tokenization_spaces": .bool(false),
    ]
    if case .integer(let length) = file.metadata["\(architecture).context_length"] {
      settings["model_max_length"] = .number(Double(length))
    }
    if case .string(let template) = file.metadata["tokenizer.chat_template"] {
      settings["chat_template"] = .text(template)
    }
    return settings
  }

  private var architecture: String {
    if case .string(let name) = file.metadata["general.architecture"] { return name }
    return "llama"
  }

  private var addsBOS: Bool {
    switch file.metadata["tokenizer.ggml.add_bos_token"] {
    case .bool(let adds): adds
    // Where files of Llama 3 do not say, llama.cpp adds it.
    default: (try? cut())?.ignoresMerges ?? false
    }
  }

  private func token(_ key: String) -> String? {
    guard case .integer(let number) = file.metadata["tokenizer.ggml.\(key)"],
      vocabulary.indices.contains(number)
    else { return nil }
    return vocabulary[number]
  }

  private var added: [JSONValue] {
    zip(vocabulary, types).enumerated().compactMap { number, row in
      let (text, type) = row
      guard type == 3 || type == 4 else { return nil }
      return .object([
        "id": .number(Double(number)), "content": .text(text), "single_word": .bool(false),
        "lstrip": .bool(false), "rstrip": .bool(false), "normalized": .bool(false),
        "special": .bool(type == 3),
      ])
    }
  }

  /// BOS in front, where the file says so.
  private var postProcessor: JSONValue {
    guard addsBOS, let text = token("bos_token_id"),
      case .integer(let number) = file.metadata["tokenizer.ggml.bos_token_id"]
    else { return .null }
    func part(_ kind: String, _ id: String, _ type: Double = 0) -> JSONValue {
      .object([kind: .object(["id": .text(id), "type_id": .number(type)])])
    }
    let begin = part("SpecialToken", text)
    return .object([
      "type": .text("TemplateProcessing"), "single": .array([begin, part("Sequence", "A")]),
      "pair": .array([
        begin, part("Sequence", "A"), part("SpecialToken", text, 1), part("Sequence", "B", 1),
      ]),
      "special_tokens": .object([
        text: .object([
          "id": .text(text), "ids": .array([.number(Double(number))]),
          "tokens": .array([.text(text)]),
        ])
      ]),
    ])
  }

  // MARK: How text is cut

  private struct Cut {
    var normaliser = JSONValue.null
    let steps: JSONValue
    var ignoresMerges = false
  }

  /// By the names that llama.cpp gives to the ways of cutting text.
  private func cut() throws -> Cut {
    let kind = try file.string("tokenizer.ggml.pre")
    switch kind {
    case "gpt-2": return Cut(steps: Self.byteLevel(usingPattern: true))
    case "smollm":
      let digits = JSONValue.object([
        "type": .text("Digits"), "individual_digits": .bool(true),
      ])
      return Cut(steps: Self.sequence([digits, Self.byteLevel(usingPattern: true)]))
    case "llama-bpe", "llama3", "llama-v3":
      return Cut(steps: Self.split(longestNumber: "{1,3}"), ignoresMerges: true)
    case "qwen2", "deepseek-r1-qwen":
      return Cut(
        normaliser: .object(["type": .text("NFC")]), steps: Self.split(longestNumber: ""))
    default: throw AdapterExportError.unknownTokenizer(path: file.path, kind: kind)
    }
  }

  private static func sequence(_ steps: [JSONValue]) -> JSONValue {
    .object(["type": .text("Sequence"), "pretokenizers": .array(steps)])
  }

  private static func byteLevel(usingPattern: Bool) -> JSONValue {
    .object([
      "type": .text("ByteLevel"), "add_prefix_space": .bool(false), "trim_offsets": .bool(true),
      "use_regex": .bool(usingPattern),
    ])
  }

  /// The pattern of Llama 3 and Qwen2, which differ in how many digits stay together.
  private static func split(longestNumber: String) -> JSONValue {
    let pattern =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + longestNumber
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    let step = JSONValue.object([
      "type": .text("Split"), "pattern": .object(["Regex": .text(pattern)]),
      "behavior": .text("Isolated"), "invert": .bool(false),
    ])
    return sequence([step, byteLevel(usingPattern: false)])
  }
}
