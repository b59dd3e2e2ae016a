internal import Foundation

// The members of these are named as in the files.

/// `tokenizer.json`, as far as it decides which tokens a text has.
struct TokenizerFile: Decodable {
  struct Added: Decodable {
    let id: Int
    let content: String
    let single_word: Bool?
    let lstrip: Bool?
    let rstrip: Bool?
    let normalized: Bool?
    let special: Bool?
  }

  let added_tokens: [Added]?
  let normalizer: TokenizerStep?
  let pre_tokenizer: TokenizerStep?
  let post_processor: TokenizerStep?
  let model: TokenizerModel
}

/// The member `model`.
struct TokenizerModel: Decodable {
  /// Early files of GPT-2 do not have it.
  let type: String?
  let vocab: [String: Int]
  /// Two tokens separated by a blank.
  let merges: [String]
  let ignore_merges: Bool?
  let byte_fallback: Bool?
  let dropout: Double?
  let unk_token: String?
  let continuing_subword_prefix: String?
  let end_of_word_suffix: String?

  private enum Key: CodingKey {
    case type, vocab, merges, ignore_merges, byte_fallback, dropout, unk_token
    case continuing_subword_prefix, end_of_word_suffix
  }

  init(from decoder: any Swift.Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    type = try values.decodeIfPresent(String.self, forKey: .type)
    ignore_merges = try values.decodeIfPresent(Bool.self, forKey: .ignore_merges)
    byte_fallback = try values.decodeIfPresent(Bool.self, forKey: .byte_fallback)
    dropout = try values.decodeIfPresent(Double.self, forKey: .dropout)
    unk_token = try values.decodeIfPresent(String.self, forKey: .unk_token)
    continuing_subword_prefix = try values.decodeIfPresent(
      String.self, forKey: .continuing_subword_prefix)
    end_of_word_suffix = try values.decodeIfPresent(String.self, forKey: .end_of_word_suffix)
    // The vocabularies of other types look otherwise, and their type is what to complain about.
    let isBPE = type == nil || type == "BPE"
    vocab = try isBPE ? values.decode([String: Int].self, forKey: .vocab) : [:]
    merges = try isBPE ? Self.merges(values) : []
  }

  /// `["a b", …]` or, since 2024, `[["a", "b"], …]`.
  private static func merges(_ values: KeyedDecodingContainer<Key>) throws -> [String] {
    if let texts = try? values.decode([String].self, forKey: .merges) { return texts }
    return try values.decode([[String]].self, forKey: .merges).map { $0.joined(separator: " ") }
  }
}

/// A normalizer, a pre-tokenizer or a post-processor, with the settings that matter here.
struct TokenizerStep: Decodable {
  /// What stands where in a template: the text, or a token.
  struct Piece: Decodable {
    struct Token: Decodable { let id: String }
    let SpecialToken: Token?
  }

  /// A token of a template.
  struct Numbers: Decodable { let ids: [Int] }

  struct Pattern: Decodable {
    let Regex: String?
    let String: String?
  }

  let type: String
  let normalizers: [TokenizerStep]?
  let pretokenizers: [TokenizerStep]?
  let processors: [TokenizerStep]?
  let pattern: Pattern?
  let behavior: String?
  let invert: Bool?
  let individual_digits: Bool?
  let add_prefix_space: Bool?
  let use_regex: Bool?
  let single: [Piece]?
  let special_tokens: [String: Numbers]?

  /// The steps of a sequence, or this one.
  var steps: [TokenizerStep] {
    guard type == "Sequence" else { return [self] }
    return [normalizers, pretokenizers, processors].flatMap { $0 ?? [] }.flatMap(\.steps)
  }

  /// For messages.
  var summary: String {
    var settings: [String] = []
    if let text = pattern?.Regex ?? pattern?.String { settings.append("'\(text)'") }
    if let behavior { settings.append(behavior) }
    if invert == true { settings.append("inverted") }
    if individual_digits == false { settings.append("numbers whole") }
    if add_prefix_space == true { settings.append("add_prefix_space") }
    if use_regex == false { settings.append("without regex") }
    return settings.isEmpty ? type : "\(type)(\(settings.joined(separator: ", ")))"
  }
}

/// A token's text, alone or with settings of its own beside it.
package struct NamedToken: Decodable {
  package let content: String

  private enum Key: CodingKey { case content }

  package init(from decoder: any Swift.Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      content = text
    } else {
      content = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .content)
    }
  }
}

/// `tokenizer_config.json`, as far as `tokenizer.json` does not decide.
struct TokenizerSettings: Decodable {
  let bos_token: NamedToken?
  let eos_token: NamedToken?
  let add_bos_token: Bool?
}

/// `config.json` or `generation_config.json`.
struct ModelTokens: Decodable {
  /// A token's number, or several.
  struct Numbers: Decodable {
    let first: Int?

    init(from decoder: any Swift.Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Int.self) {
        first = number
      } else {
        first = try value.decode([Int].self).first
      }
    }
  }

  let bos_token_id: Numbers?
  let eos_token_id: Numbers?
}
