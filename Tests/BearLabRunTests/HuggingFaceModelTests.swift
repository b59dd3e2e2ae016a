import BearLabCore
import BearLabFormats
import BearLabLanguageModel
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Models in folders of Hugging Face, as transformers saved them.
@Suite struct HuggingFaceModelTests {
  private func verify(_ folder: String, precision: Precision = .f32) throws -> [Verification] {
    let model = try LoadedModel(path: folder, precision: precision)
    var lines: [Verification] = []
    try GoldenVerifier.run(folder: folder, model: model, registry: .builtin()) { lines.append($0) }
    return lines
  }

  /// Sharded and whole, f16, bf16 and f32, tied and not, both layouts of config.json.
  @Test(arguments: GoldenModels.names)
  func goldenNumbersAgree(name: String) throws {
    let lines = try verify(GoldenModels.folder(name))
    #expect(lines.count == 3 && lines[0].passed && lines[1].passed, "\(lines)")
    #expect(lines[2].passed, "\(lines)")
  }

  /// The larger ones beside the repository.
  @Test(arguments: ["tiny-llama3", "tiny-qwen2", "tiny-qwen3"])
  func goldenModelsBesideTheRepositoryAgree(name: String) throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared/goldens/models/\(name)").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("skipped: no golden files at \(url.path)")
      return
    }
    let lines = try verify(url.path)
    #expect(lines.count == 3 && lines[0].passed && lines[1].passed, "\(lines)")
    #expect(lines[2].passed, "\(lines)")
  }

  /// Other numbers, tokens and positions are told from right ones.
  @Test func wrongGoldenNumbersFail() throws {
    func lines(_ change: (inout [String: Any]) -> Void) throws -> [Verification] {
      var result: [Verification] = []
      try GoldenModels.withCopy(of: "qwen3") { folder in
        let file = URL(filePath: "\(folder)/golden.json")
        var golden = try #require(
          try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        change(&golden)
        try JSONSerialization.data(withJSONObject: golden).write(to: file)
        result = try verify(folder)
      }
      return result
    }
    func logits(_ change: (inout [String: Any]) -> Void) throws -> String {
      let lines = try lines { golden in
        guard var rows = golden["logits_float32_compute"] as? [[String: Any]] else { return }
        change(&rows[1])
        golden["logits_float32_compute"] = rows
      }
      return try #require(lines[1].failure)
    }
    let off = try logits { row in
      row["logits"] = (row["logits"] as? [Double])?.map { $0 + 2e-4 }
    }
    #expect(off.hasPrefix("logits at 33 is off by 0.0002"), "\(off)")
    #expect(try logits { $0["position"] = 120 }.contains("a position is 120"))
    #expect(try logits { $0["logits"] = [1.0] }.contains("off by inf"))
    let tokens = try lines { $0["tokenizer"] = [["text": "a", "ids": [1, 2, 3]]] }
    #expect(tokens[0].failure?.hasPrefix("1 of 1 differ") == true)
    #expect(tokens[1].passed)
  }

  @Test(.enabled(if: availableInstructionSets.last == "avx512_bf16", "this CPU has no bf16"))
  func bf16IsNear() throws {
    for name in GoldenModels.names {
      let lines = try verify(GoldenModels.folder(name), precision: .bf16)
      #expect(lines[1].passed, "\(name): \(lines)")
    }
  }

  /// As the documentation has it, so that others can compute it: what `sha256sum` prints, hashed.
  @Test func theHashIsOfAllFilesThatAreRead() throws {
    try GoldenModels.withCopy(of: "llama") { folder in
      let hash = try ModelSources.open(folder).hash
      let names = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json",
        "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
      ]
      let lines = try names.map { "\(try FileHash.sha256(path: "\(folder)/\($0)"))  \($0)\n" }
      #expect(hash == FileHash.sha256(of: Array(lines.joined().utf8)))
      #expect(try LoadedModel(path: folder).hash == hash)
      try Data("{}".utf8).write(to: URL(filePath: "\(folder)/generation_config.json"))
      #expect(try ModelSources.open(folder).hash != hash)
      try Data("notes".utf8).write(to: URL(filePath: "\(folder)/README.md"))
      try FileManager.default.removeItem(atPath: "\(folder)/generation_config.json")
      #expect(try ModelSources.open(folder).hash == hash)
    }
  }

  @Test func foldersAreFoundAsModels() throws {
    let folder = try GoldenModels.folder("qwen2")
    let resources = ResourceLocator(cache: "no/such/cache")
    #expect(try resources.model(folder) == folder)
    #expect(throws: ResourceError.partOfAModel(path: "\(folder)/model.safetensors")) {
      _ = try resources.model("\(folder)/model.safetensors")
    }
    let cache = URL(filePath: folder).deletingLastPathComponent().deletingLastPathComponent().path
    #expect(try ResourceLocator(cache: cache).model("qwen2") == "\(cache)/models/qwen2")
    // Some publishers put a config.json beside a GGUF file.
    try withTemporaryFolder(["config.json": "{}", "a.gguf": ""]) { folder in
      let found = try resources.model(folder)
      #expect(found == "\(folder)/a.gguf")
    }
  }

  /// What was read serves again until a file of the folder changes.
  @Test func aLoadedFolderIsKeptUntilItChanges() throws {
    try GoldenModels.withCopy(of: "qwen2") { folder in
      let resources = ResourceLocator(cache: "none", loaded: LoadedResources())
      let outline = try resources.loadedOutline(folder)
      let first = try resources.loadedModel(outline, precision: .f32)
      #expect(try resources.loadedModel(outline, precision: .f32).model === first.model)
      let config = URL(filePath: "\(folder)/config.json")
      try (Data(contentsOf: config) + Data("\n".utf8)).write(to: config)
      let changed = try resources.loadedModel(
        resources.loadedOutline(folder), precision: .f32)
      #expect(changed.model !== first.model && changed.hash != first.hash)
    }
  }
}
