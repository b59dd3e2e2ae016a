internal import BearLabCore
internal import BearLabText

// The members of these are named as in the files.

/// `config.json`.
struct BERTConfiguration: Decodable {
  let model_type: String
  let hidden_act: String
  let position_embedding_type: String?
  let is_decoder: Bool?
  let hidden_size: Int
  let num_hidden_layers: Int
  let num_attention_heads: Int
  let intermediate_size: Int
  let max_position_embeddings: Int
  let vocab_size: Int
  let type_vocab_size: Int
  let layer_norm_eps: Double
}

/// `sentence_bert_config.json`.
struct TextLimits: Decodable {
  let max_seq_length: Int
}

/// `tokenizer_config.json`.
struct TokenizerConfiguration: Decodable {
  let tokenizer_class: String?
  let do_basic_tokenize: Bool?
  let do_lower_case: Bool?
  let strip_accents: Bool?
  let tokenize_chinese_chars: Bool?
  let unk_token: NamedToken?
  let cls_token: NamedToken?
  let sep_token: NamedToken?
  let pad_token: NamedToken?
  let mask_token: NamedToken?

  /// The tokenizer's settings; what is absent is as in `bert-base-uncased`.
  func settings(path: String) throws(SentenceEncoderError) -> WordPieceEncoder.Settings {
    let names = ["BertTokenizer", "BertTokenizerFast"]
    if let name = tokenizer_class, !names.contains(name) {
      throw .unsupported(path: path, key: "tokenizer_class", value: name, supported: names)
    }
    if do_basic_tokenize == false {
      throw .unsupported(
        path: path, key: "do_basic_tokenize", value: "false", supported: ["true"])
    }
    var settings = WordPieceEncoder.Settings()
    settings.lowercases = do_lower_case ?? settings.lowercases
    settings.stripsAccents = strip_accents
    settings.separatesIdeographs = tokenize_chinese_chars ?? settings.separatesIdeographs
    settings.unknown = unk_token?.content ?? settings.unknown
    settings.classification = cls_token?.content ?? settings.classification
    settings.separator = sep_token?.content ?? settings.separator
    settings.others = [pad_token?.content ?? "[PAD]", mask_token?.content ?? "[MASK]"]
    return settings
  }
}

/// An entry of `modules.json`.
struct ModuleEntry: Decodable {
  let path: String
  /// The name of a Python class, its module before it.
  let type: String

  var name: String { type.split(separator: ".").last.map { String($0) } ?? type }
}

/// `modules.json`: a transformer, a pooling, and perhaps a normalisation.
struct ModuleList {
  let poolingFolder: String
  let normalises: Bool

  init(_ modules: [ModuleEntry], path: String) throws(SentenceEncoderError) {
    let names = modules.map(\.name)
    normalises = names == ["Transformer", "Pooling", "Normalize"]
    guard normalises || names == ["Transformer", "Pooling"], modules[0].path.isEmpty else {
      throw .unsupported(
        path: path, key: "the list of modules",
        value: modules.map { "\($0.name) in '\($0.path)'" }.joined(separator: ", "),
        supported: ["Transformer in '', Pooling", "Transformer in '', Pooling, Normalize"])
    }
    poolingFolder = modules[1].path
  }
}

/// `1_Pooling/config.json`: keys `pooling_mode_…`, of which one is true.
struct PoolingConfiguration: Decodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static let mean = "pooling_mode_mean_tokens"
  /// The keys that are true.
  private let modes: [String]

  init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    modes = try container.allKeys.filter { key in
      try key.stringValue.hasPrefix("pooling_mode_") && container.decode(Bool.self, forKey: key)
    }.map(\.stringValue).sorted()
  }

  func requireMean(path: String) throws(SentenceEncoderError) {
    guard modes == [Self.mean] else {
      throw .unsupported(
        path: path, key: "pooling", value: modes.isEmpty ? "none" : modes.joined(separator: ", "),
        supported: [Self.mean])
    }
  }
}
