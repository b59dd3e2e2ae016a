import BearLabRun
import BearLabTestSupport
import Foundation
import Testing

/// The golden files beside the repository, with the default model; neither is part of it.
struct VerifyBookTests {
  private var folder: URL? {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared/goldens/book").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else {
      print("skipped: no golden files at \(url.path)")
      return nil
    }
    return url
  }

  /// Files without the trajectories, which take minutes, and with a few beams: one as it is, and
  /// three with a wrong score, a wrong prompt and an unknown item.
  private func files(in folder: URL) throws -> [String: String] {
    let names = [
      "tokenizer.json", "model_logits.json", "objectives.json", "dataset.json", "id2name4Rec.json",
    ]
    var files: [String: String] = [:]
    for name in names {
      files[name] = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    let data = try Data(contentsOf: folder.appending(path: "constrained_beam.json"))
    let beams = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let first = try #require((beams["cases"] as? [[String: Any]])?.first)
    var wrongScore = first
    var list = try #require(first["beams"] as? [[String: Any]])
    let score = try #require(list[1]["score"] as? Double)
    list[1]["score"] = score + 0.02
    wrongScore["beams"] = list
    var wrongPrompt = first
    wrongPrompt["prompt_ids"] = [1, 2, 3]
    var unknownItem = first
    unknownItem["history"] = [1_000_000]
    let cases: [String: Any] = ["cases": [first, wrongScore, wrongPrompt, unknownItem]]
    files["constrained_beam.json"] = String(
      decoding: try JSONSerialization.data(withJSONObject: cases), as: UTF8.self)
    return files
  }

  @Test func theBookFilesAgree() throws {
    guard let folder, let modelPath = defaultModelPath else { return }
    let lines = try verify(files(in: folder), model: LoadedModel(path: modelPath))
    let (beams, others) = (
      lines.filter { $0.check.hasPrefix("beams") }, lines.filter { !$0.check.hasPrefix("beams") }
    )
    #expect(others.count { $0.passed } == 37, "\(others.filter { !$0.passed })")
    #expect(others.count == 37)
    #expect(beams.map(\.passed) == [true, false, false, false], "\(beams)")
    #expect(beams[1].failure?.hasPrefix("score of title") == true)
    #expect(beams[2].failure?.hasPrefix("token 0 of the prompt") == true)
    #expect(beams[3].failure?.contains("an item is 1000000") == true)
  }
}
