import BearLabCore
import BearLabFormats
import BearLabSentenceEncoder
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

/// What a script has computed of a text.
struct GoldenRow: Decodable {
  let text: String
  let tokens: [Int32]
  let vector: [Double]

  static func rows(_ name: String) throws -> [GoldenRow] {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode([GoldenRow].self, from: Data(contentsOf: url))
  }
}

/// The row of a text among the vectors.
func row(_ index: Int, of vectors: Tensor) -> [Float] {
  Array(vectors.scalars[index * vectors.shape[1]..<(index + 1) * vectors.shape[1]])
}

@Suite struct TinyEncoderTests {
  private func withEncoder<Result>(
    _ changes: [String: String] = [:], without removed: String? = nil,
    _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var files = TinyBERT.files.merging(changes.mapValues { Data($0.utf8) }) { $1 }
    if let removed { files[removed] = nil }
    try TinyBERT.write(to: folder, files: files)
    return try body(folder)
  }

  /// `tiny.json` was made with numpy in double precision, by `make_tiny.py`.
  @Test func vectorsMatchTheDoubleReference() throws {
    try withEncoder { folder in
      let encoder = try BERTSentenceEncoder(folder: folder)
      #expect(encoder.width == 12 && encoder.hash.count == 64)
      let rows = try GoldenRow.rows("tiny")
      #expect(rows.count == 6)
      let vectors = try encoder.embed(rows.map(\.text))
      #expect(vectors.shape == [6, 12] && !vectors.requiresGradient)
      for (index, golden) in rows.enumerated() {
        #expect(encoder.tokens(of: golden.text) == golden.tokens, "\(golden.text)")
        #expect(largestGap(row(index, of: vectors), golden.vector) < 2e-6, "\(golden.text)")
      }
    }
  }

  /// Many batches, of texts in any order.
  @Test func aTextKeepsItsVectorInAnyCompany() throws {
    try withEncoder { folder in
      let encoder = try BERTSentenceEncoder(folder: folder)
      let rows = try GoldenRow.rows("tiny")
      let many = (0..<700).map { rows[($0 * $0 + $0 / 7) % rows.count] }
      let vectors = try encoder.embed(many.map(\.text))
      for (index, golden) in many.enumerated() {
        #expect(largestGap(row(index, of: vectors), golden.vector) < 2e-6)
      }
      #expect(try encoder.embed([]).shape == [0, 12])
    }
  }

  @Test func weightsThatAreTooLargeAreSeen() throws {
    try withEncoder { folder in
      var file = try #require(TinyBERT.files["model.safetensors"])
      let start =
        8 + file.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
      let huge = withUnsafeBytes(of: Float(3e38).bitPattern.littleEndian) { Data($0) }
      for place in stride(from: start, to: file.count, by: 4) {
        file.replaceSubrange(place..<place + 4, with: huge)
      }
      try file.write(to: URL(filePath: "\(folder)/model.safetensors"))
      let encoder = try BERTSentenceEncoder(folder: folder)
      let error = #expect(throws: SentenceEncoderError.vectorNotFinite(text: "toy")) {
        try encoder.embed(["toy"])
      }
      #expect(error?.description == "the sentence encoder's vector of \"toy\" is not finite")
      #expect(error?.remedy.contains("weights are too large") == true)
    }
  }

  @Test func withoutNormalisationVectorsAreMeans() throws {
    let modules = """
      [{"path": "", "type": "sentence_transformers.base.modules.Transformer"},
       {"path": "1_Pooling", "type": "Pooling"}]
      """
    let text = "Toy Story (1995)"
    let (mean, unit, hashes) = try withEncoder(["modules.json": modules]) { plain in
      let mean = try BERTSentenceEncoder(folder: plain)
      return try withEncoder { folder in
        let unit = try BERTSentenceEncoder(folder: folder)
        return (
          try mean.embed([text]).scalars, try unit.embed([text]).scalars, [mean.hash, unit.hash]
        )
      }
    }
    let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(length > 1.01 && hashes[0] != hashes[1])
    #expect(largestGap(mean.map { $0 / length }, unit) < 1e-6)
  }

  @Test(arguments: [
    ("modules.json", "["), ("modules.json", "[]"), ("config.json", "{}"),
    ("1_Pooling/config.json", #"{"pooling_mode_mean_tokens": "yes"}"#),
    ("sentence_bert_config.json", #"{"max_seq_length": 17}"#),
    ("sentence_bert_config.json", #"{"max_seq_length": 1}"#),
    ("vocab.txt", "[PAD]\n[UNK]\n"), ("vocab.txt", String(repeating: "a\n", count: 21)),
    ("model.safetensors", "no weights"),
  ]) func brokenFilesAreRefused(name: String, text: String) throws {
    try withEncoder([name: text]) { folder in
      let error = #expect(throws: SentenceEncoderError.self) {
        try BERTSentenceEncoder(folder: folder)
      }
      #expect(
        error?.description.hasPrefix("\(folder)/\(name)") == true, "\(String(describing: error))")
      #expect(error?.remedy.isEmpty == false)
    }
  }

  @Test(arguments: [
    ("config.json", "gelu", "gelu_new", "hidden_act is 'gelu_new'", "gelu"),
    ("config.json", "\"bert\"", "\"roberta\"", "model_type is 'roberta'", "bert"),
    ("config.json", "absolute", "relative_key", "position_embedding_type is 'rel", "absolute"),
    (
      "1_Pooling/config.json", "mean_tokens", "max_tokens", "pooling is 'pooling_mode_max_tokens'",
      "pooling_mode_mean_tokens"
    ),
    (
      "1_Pooling/config.json", "cls_token\": false", "cls_token\": true",
      "pooling is 'pooling_mode_cls_token, pooling_mode_mean_tokens'", "pooling_mode_mean_tokens"
    ),
    ("modules.json", "models.Normalize", "models.Dense", "Dense in '2_Normalize'", "Transformer"),
    (
      "tokenizer_config.json", "{\"", #"{"tokenizer_class": "XLMRobertaTokenizer", ""#,
      "tokenizer_class is 'XLMRobertaTokenizer'", "BertTokenizer or BertTokenizerFast"
    ),
    (
      "tokenizer_config.json", "{\"", #"{"do_basic_tokenize": false, ""#,
      "do_basic_tokenize is 'false'", "true"
    ),
  ]) func otherModelsAreRefusedByName(
    name: String, old: String, new: String, says: String, accepts: String
  ) throws {
    let text = String(decoding: try #require(TinyBERT.files[name]), as: UTF8.self)
    #expect(text.contains(old))
    try withEncoder([name: text.replacing(old, with: new, maxReplacements: 1)]) { folder in
      let error = try #require(throws: SentenceEncoderError.self) {
        try BERTSentenceEncoder(folder: folder)
      }
      #expect(error.description.contains(says), "\(error)")
      #expect(error.remedy.hasPrefix("use an encoder with \(accepts)"), "\(error.remedy)")
    }
  }

  @Test(arguments: [
    ("\"hidden_size\": 12", "\"hidden_size\": 13", "hidden_size is 13, but must be a multiple"),
    ("layers\": 2", "layers\": 0", "num_hidden_layers is 0, but must be from 1"),
    ("layers\": 2", "layers\": 3", "encoder.layer.2.attention.self.query.weight is missing"),
    ("\"intermediate_size\": 20", "\"intermediate_size\": 21", "has shape [20, 12], expected [21"),
    ("1e-12", "0", "layer_norm_eps is 0.0, but must be from"),
    ("\"vocab_size\": 20", "\"vocab_size\": 19", "20 tokens, but vocab_size of config.json is 19"),
    ("\"vocab_size\": 20", "\"vocab_size\": 21", "has shape [20, 12], expected [21, 12]"),
  ]) func sizesThatContradictAreRefused(old: String, new: String, says: String) throws {
    let text = String(decoding: try #require(TinyBERT.files["config.json"]), as: UTF8.self)
    try withEncoder(["config.json": text.replacing(old, with: new)]) { folder in
      let error = try #require(throws: SentenceEncoderError.self) {
        try BERTSentenceEncoder(folder: folder)
      }
      #expect(error.description.contains(says), "\(error.description)")
      #expect(!error.remedy.isEmpty)
    }
  }

  @Test(arguments: TinyBERT.files.keys.sorted()) func missingFilesAreNamed(name: String) throws {
    try withEncoder(without: name) { folder in
      let error = try #require(throws: SentenceEncoderError.self) {
        try BERTSentenceEncoder(folder: folder)
      }
      #expect(error.description.hasPrefix("\(folder)/\(name): cannot be opened"))
      if name != "model.safetensors" { #expect(error.remedy.contains("scripts/fetch minilm-l6")) }
    }
  }
}
