public import Foundation

/// The tokenizer of ``TinyGGUF`` as the files of a Hugging Face folder, with the pre-tokenizer of
/// Llama 3, for tests.
public enum TinyTokenizer {
  private struct Model: Encodable {
    let type = "BPE"
    let vocab: [String: Int]
    let merges: [String]
  }

  /// By name: `tokenizer.json`, `tokenizer_config.json` and `config.json`.
  public static func files() throws -> [String: Data] {
    let numbers = TinyGGUF.tokens.enumerated().map { ($1, $0) }
    let coder = JSONEncoder()
    coder.outputFormatting = .sortedKeys
    let model = try coder.encode(
      Model(vocab: Dictionary(uniqueKeysWithValues: numbers), merges: TinyGGUF.merges))
    let template = """
      {
      "added_tokens": [{"id": 256, "content": "<|endoftext|>", "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
      "normalizer": {"type": "NFC"},
      "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "\(pattern)"},
          "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
      "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|endoftext|>"}}, {"Sequence": {"id": "A"}}],
        "special_tokens": {"<|endoftext|>": {"ids": [256]}}},
      "model": \(String(decoding: model, as: UTF8.self))
      }
      """
    return [
      "tokenizer.json": Data(template.utf8),
      "tokenizer_config.json": Data(#"{"eos_token": {"content": "<|endoftext|>"}}"#.utf8),
      "config.json": Data(#"{"bos_token_id": 256, "eos_token_id": [256, 0]}"#.utf8),
    ]
  }

  /// As JSON has it.
  private static let pattern =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"#
    + #"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
}
