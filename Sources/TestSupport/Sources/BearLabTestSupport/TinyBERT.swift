public import Foundation

/// A small BERT as the files that sentence-transformers would save, for tests.
///
/// Two layers of width 12, three heads, a feed-forward width of 20, texts of ten tokens at most.
/// Weight k of the t-th tensor, in the order of ``tensors``, is scale · sin(0.37 k² + t), plus 1 for
/// the weights of norms: `make_tiny.py` beside the golden files computes the same.
public enum TinyBERT {
  public static let vocabulary = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "toy", "story", "heat", "##s", "##y", "the", "(",
    ")", "19", "##95", "##9", "é", "e", "#", "千",
  ]
  private static let (width, inner, positions, layers) = (12, 20, 16, 2)

  /// Name, shape and scale of each weight.
  public static let tensors: [(name: String, shape: [Int], scale: Double)] = {
    func both(_ stem: String, _ outputs: Int, _ inputs: Int) -> [(String, [Int], Double)] {
      [("\(stem).weight", [outputs, inputs], 0.4), ("\(stem).bias", [outputs], 0.2)]
    }
    func norm(_ stem: String) -> [(String, [Int], Double)] {
      [("\(stem).weight", [width], 0.3), ("\(stem).bias", [width], 0.2)]
    }
    var tensors: [(String, [Int], Double)] = [
      ("embeddings.word_embeddings.weight", [vocabulary.count, width], 0.8),
      ("embeddings.position_embeddings.weight", [positions, width], 0.5),
      ("embeddings.token_type_embeddings.weight", [2, width], 0.5),
    ]
    tensors += norm("embeddings.LayerNorm")
    for layer in (0..<layers).map({ "encoder.layer.\($0)" }) {
      for part in ["query", "key", "value"] {
        tensors += both("\(layer).attention.self.\(part)", width, width)
      }
      tensors += both("\(layer).attention.output.dense", width, width)
      tensors += norm("\(layer).attention.output.LayerNorm")
      tensors += both("\(layer).intermediate.dense", inner, width)
      tensors += both("\(layer).output.dense", width, inner)
      tensors += norm("\(layer).output.LayerNorm")
    }
    return tensors
  }()

  /// The files by their path in the folder.
  public static var files: [String: Data] {
    [
      "model.safetensors": weights, "vocab.txt": text(vocabulary.joined(separator: "\n") + "\n"),
      "config.json": text(
        """
        {"model_type": "bert", "hidden_act": "gelu", "hidden_size": \(width),
         "num_hidden_layers": \(layers), "num_attention_heads": 3, "intermediate_size": \(inner),
         "max_position_embeddings": \(positions), "vocab_size": \(vocabulary.count),
         "type_vocab_size": 2, "layer_norm_eps": 1e-12, "position_embedding_type": "absolute"}
        """),
      "tokenizer_config.json": text(
        #"{"do_lower_case": true, "strip_accents": null, "sep_token": {"content": "[SEP]"}}"#),
      "sentence_bert_config.json": text(#"{"max_seq_length": 10, "do_lower_case": false}"#),
      "modules.json": text(
        """
        [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
        """),
      "1_Pooling/config.json": text(
        #"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#),
    ]
  }

  /// Writes the files into a folder.
  public static func write(to folder: String, files: [String: Data] = Self.files) throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder)/1_Pooling", withIntermediateDirectories: true)
    for (name, data) in files { try data.write(to: URL(filePath: "\(folder)/\(name)")) }
  }

  private static func text(_ text: String) -> Data { Data(text.utf8) }

  private static var weights: Data {
    var entries: [String] = []
    var numbers = Data()
    for (index, tensor) in tensors.enumerated() {
      let start = numbers.count
      let base = tensor.name.hasSuffix("LayerNorm.weight") ? 1.0 : 0
      for k in 0..<tensor.shape.reduce(1, *) {
        let value = base + tensor.scale * sin(0.37 * Double(k * k) + Double(index))
        withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { numbers += Data($0) }
      }
      entries.append(
        """
        "\(tensor.name)": {"dtype": "F32", "shape": \(tensor.shape), \
        "data_offsets": [\(start), \(numbers.count)]}
        """)
    }
    let header = text("{\(entries.joined(separator: ", "))}")
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header + numbers
  }
}
