import BearLabFormats
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabText

/// Against huggingface/tokenizers 0.23.3; `Golden/make_tokenizers.py` wrote the files.
struct HuggingFaceTests {
  private struct Golden: Decodable {
    struct Row: Decodable {
      let text: String
      let ids: [Int32]
      let plain: [Int32]
    }
    let bos: [Int32]?
    let rows: [Row]
  }

  /// The model goldens of `../shared`.
  private struct ModelGolden: Decodable {
    struct Row: Decodable {
      let text: String
      let ids: [Int32]
    }
    let tokenizer: [Row]
  }

  private func folder(_ name: String) throws -> URL {
    let file = Bundle.module.url(
      forResource: "tokenizer", withExtension: "json", subdirectory: "Golden/huggingface/\(name)")
    return try #require(file).deletingLastPathComponent()
  }

  @Test(arguments: ["llama3", "qwen2", "smollm", "gpt2"])
  func everyTokenMatchesTheLibrary(name: String) throws {
    let folder = try folder(name)
    let data = try Data(contentsOf: folder.appending(path: "golden.json"))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let encoder = try BytePairEncoder(huggingFace: folder.path)
    #expect(golden.rows.count > 70)
    for row in golden.rows {
      #expect(encoder.encodeWithSpecialTokens(row.text) == row.ids, "\(row.text)")
      #expect(encoder.encode(row.text) == row.plain, "\(row.text)")
      let isWhole = name == "qwen2" || row.text.utf8.contains { encoder.missingBytes.contains($0) }
      if !isWhole { #expect(Array(encoder.decode(row.ids).utf8) == Array(row.text.utf8)) }
    }
    #expect(encoder.eosToken == 0)
    // The library itself knows nothing of `add_bos_token`, which the folder gpt2 has.
    #expect(encoder.bosToken == (name == "gpt2" ? 1 : golden.bos?[0]))
    #expect(encoder.missingBytes == (name == "smollm" ? [0, 0x7F] : []))
  }

  @Test(arguments: ["tiny-llama3", "tiny-qwen2", "tiny-qwen3"])
  func everyTokenMatchesTheModelGoldens(name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared/goldens/models/\(name)").standardizedFileURL
    let file = folder.appending(path: "golden.json")
    guard let data = try? Data(contentsOf: file) else {
      print("skipped: no \(file.path)")
      return
    }
    let rows = try JSONDecoder().decode(ModelGolden.self, from: data).tokenizer
    let encoder = try BytePairEncoder(huggingFace: folder.path)
    #expect(rows.count == 23 && encoder.bosToken == nil && encoder.eosToken == 0)
    for row in rows { #expect(encoder.encodeWithSpecialTokens(row.text) == row.ids) }
  }

  // MARK: One change of an honest folder at a time

  /// A copy of a golden folder with texts of its files replaced, and what reading it gives.
  private func changed(
    _ changes: [(String, String)], in name: String = "llama3", file: String = "tokenizer.json"
  ) throws -> Result<BytePairEncoder, TokenizerError> {
    let copy = FileManager.default.temporaryDirectory.appending(path: "bear-lab-\(UUID())")
    try FileManager.default.copyItem(at: folder(name), to: copy)
    defer { try? FileManager.default.removeItem(at: copy) }
    let path = copy.appending(path: file)
    var text = try String(contentsOf: path, encoding: .utf8)
    for (old, new) in changes {
      #expect(text.contains(old), "nothing to change: \(old)")
      text = text.replacing(old, with: new)
    }
    try Data(text.utf8).write(to: path)
    do { return .success(try BytePairEncoder(huggingFace: copy.path)) } catch {
      return .failure(error)
    }
  }

  private func expectUnsupported(
    _ key: String, _ value: String, in name: String = "llama3", _ changes: [(String, String)]
  ) throws {
    guard
      case .failure(.unsupported(let path, let badKey, let badValue, _)) =
        try changed(changes, in: name)
    else {
      Issue.record("\(key) was not refused")
      return
    }
    #expect(path.hasSuffix("/tokenizer.json"))
    #expect(badKey.contains(key) && badValue.contains(value), "\(badKey): \(badValue)")
  }

  @Test func refusesOtherFamilies() throws {
    try expectUnsupported("model.type", "Unigram", [(#""type":"BPE""#, #""type":"Unigram""#)])
    try expectUnsupported("model.type", "WordPiece", [(#""type":"BPE""#, #""type":"WordPiece""#)])
    try expectUnsupported(
      "model.byte_fallback", "true", [(#""byte_fallback":false"#, #""byte_fallback":true"#)])
    try expectUnsupported("model.dropout", "0.1", [(#""dropout":null"#, #""dropout":0.1"#)])
    try expectUnsupported(
      "model.end_of_word_suffix", "</w>",
      [(#""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#)])
    try expectUnsupported(
      "model.unk_token", "<|end|>", in: "smollm",
      [(#""unk_token":null"#, #""unk_token":"<|end|>""#)])
    try expectUnsupported(
      "normalizer", "Lowercase", [(#""normalizer":null"#, #""normalizer":{"type":"Lowercase"}"#)])
    try expectUnsupported(
      "lstrip of added token '<|end|>'", "true", [(#""lstrip":false"#, #""lstrip":true"#)])
  }

  @Test func refusesOtherPatternsAndTemplates() throws {
    try expectUnsupported("pre_tokenizer", #"\p{N}{1,4}"#, [("{1,3}", "{1,4}")])
    try expectUnsupported(
      "pre_tokenizer", "MergedWithNext", [(#""Isolated""#, #""MergedWithNext""#)])
    try expectUnsupported(
      "pre_tokenizer", "add_prefix_space",
      [(#""add_prefix_space":false"#, #""add_prefix_space":true"#)])
    try expectUnsupported(
      "pre_tokenizer", "numbers whole", in: "smollm",
      [(#""individual_digits":true"#, #""individual_digits":false"#)])
    try expectUnsupported("pre_tokenizer", "none", [(#""pre_tokenizer":"#, #""other":"#)])
    try expectUnsupported(
      "pre_tokenizer", "Metaspace", [(#""type":"Split""#, #""type":"Metaspace""#)])
    try expectUnsupported(
      "post_processor", "RobertaProcessing",
      [(#""type":"TemplateProcessing""#, #""type":"RobertaProcessing""#)])
    let swapped =
      #"{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|begin|>","type_id":0}}"#
    try expectUnsupported(
      "post_processor", "the text <|begin|>",
      [
        (
          #"{"SpecialToken":{"id":"<|begin|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair""#,
          swapped + #"],"pair""#
        )
      ])
  }

  @Test func readsWhatMeansTheSame() throws {
    let text = "It's 12345 and\n\nmore"
    let usual = try BytePairEncoder(huggingFace: folder("llama3").path).encode(text)
    let inverted = try changed([
      (#""behavior":"Isolated","invert":false"#, #""behavior":"Removed","invert":true"#)
    ])
    #expect(try inverted.get().encode(text) == usual)
    let possessive = try changed([
      ("(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?i:[sdmt]|ll|ve|re)"),
      (#"{N}]?\\p{L}"#, #"{N}]?+\\p{L}"#),
      (#"\\p{N}]+["#, #"\\p{N}]++["#), (#"\\s*[\\r\\n]+"#, #"\\s*[\\r\\n]"#),
    ])
    #expect(try possessive.get().encode(text) == usual)
  }

  @Test func readsBOSAndEOS() throws {
    let settings = "tokenizer_config.json"
    #expect(try changed([("true", "false")], in: "gpt2", file: settings).get().bosToken == nil)
    #expect(
      try changed([("<|begin|>", "<|other|>")], in: "gpt2", file: settings)
        .failure == .missingSpecial("<|other|>"))
    #expect(
      try changed([(#""<|begin|>""#, "null")], in: "gpt2", file: settings)
        .failure == .missingBOS)
    #expect(
      try changed([("eos_token_id", "other")], in: "gpt2", file: "generation_config.json")
        .failure == .missingEOS)
    #expect(
      try changed([("[0,1]", "[423,0]")], in: "qwen2", file: "config.json")
        .failure == .tokenOutOfRange(423, count: 423))
    #expect(try changed([("<|end|>", "<|begin|>")], file: settings).get().eosToken == 1)
  }

  @Test func refusesDamage() throws {
    #expect(
      try changed([(#""id":1,"content":"<|begin|>""#, #""id":9,"content":"<|begin|>""#)])
        .failure?.description.contains("the number of token '<|begin|>' is 9") == true)
    #expect(
      try changed([(#""HELLOWORLD":420"#, #""HELLOWORLD":99999999999"#)])
        .failure?.description.contains("from 0 to 422") == true)
    #expect(
      try changed([(#""HELLOWORLD":420"#, #""HELLOWORLD":421"#)]).failure?.description
        .contains("421") == true)
    #expect(
      try changed([(#""ignore_merges":true"#, #""ignore_merges":"yes""#)]).failure?
        .description.contains("/tokenizer.json: key model.ignore_merges") == true)
    #expect(
      try changed([(#""merges":["#, #""merges":["x","#)]).failure
        == .malformedMerge("x", index: 0))
    let nowhere = FileManager.default.temporaryDirectory.appending(path: "nowhere-\(UUID())").path
    let absent = #expect(throws: TokenizerError.self) {
      try BytePairEncoder(huggingFace: nowhere)
    }
    #expect(absent?.description.contains("\(nowhere)/tokenizer.json") == true)
    #expect(absent?.remedy.contains("tokenizer.json") == true)
  }
}

extension Result where Failure == TokenizerError {
  /// What is wrong, wherever it is.
  fileprivate var failure: TokenizerError? {
    switch self {
    case .success: nil
    case .failure(.inFolder(_, let problem)): problem
    case .failure(let error): error
    }
  }
}
