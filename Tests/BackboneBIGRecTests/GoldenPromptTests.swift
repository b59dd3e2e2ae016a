import BackboneBIGRec
import BearLabCore
import BearLabFormats
import BearLabText
import Foundation
import Testing

/// Against the prompts behind the golden beams, where model and golden numbers are at hand.
struct GoldenPromptTests {
  private struct Golden: Decodable {
    let cases: [Case]
  }

  private struct Case: Decodable {
    let history: [Int]
    let target: Int
    let promptIDs: [Int32]
    let beams: [Beam]

    enum CodingKeys: String, CodingKey {
      case history, target, beams
      case promptIDs = "prompt_ids"
    }
  }

  private struct Beam: Decodable {
    let tokens: [Int32]
    let items: [Int]
  }

  @Test func promptsAndAnswersHaveTheGoldenTokens() throws {
    guard let model = present(modelFile), let folder = present(goldenFolder) else { return }
    let encoder = try encoder(GGUFFile(path: model))
    let catalogue = try catalogue(folder)
    let golden: Golden = try decoded("constrained_beam.json", in: folder)
    let backbone = try BIGRecBackbone([:])
    #expect(golden.cases.count == 24)
    for row in golden.cases {
      for stage in [PromptStage.training, .inference] {
        let prompt = try backbone.prompt(
          history: row.history, catalogue: catalogue, phrases: bookPhrases, stage: stage)
        #expect(encoder.encode(prompt.text) == row.promptIDs)
      }
      for beam in row.beams {
        let answer = backbone.answer(title: catalogue.title(of: beam.items[0]))
        #expect(encoder.encode(answer) + [encoder.eosToken] == beam.tokens)
      }
    }
  }

  private var modelFile: URL {
    let cache =
      ProcessInfo.processInfo.environment["BEAR_LAB_CACHE"].map { URL(filePath: $0) }
      ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/bear-lab")
    return cache.appending(path: "models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")
  }

  private var goldenFolder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "../shared/goldens/book").standardizedFileURL
  }

  private func present(_ url: URL) -> String? {
    let path = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path) else {
      print("skipped: there is no \(path)")
      return nil
    }
    return path
  }

  private func decoded<Value: Decodable>(_ name: String, in folder: String) throws -> Value {
    let url = URL(filePath: folder).appending(path: name)
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
  }

  private func catalogue(_ folder: String) throws -> Catalogue {
    let titles: [String: String] = try decoded("id2name4Rec.json", in: folder)
    return Catalogue(itemTitles: try (1...titles.count).map { try #require(titles["\($0)"]) })
  }

  private func encoder(_ file: GGUFFile) throws -> BytePairEncoder {
    try BytePairEncoder(
      vocabulary: file.strings("tokenizer.ggml.tokens"),
      merges: file.strings("tokenizer.ggml.merges"),
      tokenTypes: file.integers("tokenizer.ggml.token_type"),
      preTokenizer: file.string("tokenizer.ggml.pre"),
      bosToken: Int32(file.integer("tokenizer.ggml.bos_token_id")),
      eosToken: Int32(file.integer("tokenizer.ggml.eos_token_id")),
      addsBOS: file.bool("tokenizer.ggml.add_bos_token"))
  }
}
