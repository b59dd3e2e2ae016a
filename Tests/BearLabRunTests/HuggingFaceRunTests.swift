import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Whole runs on models of Hugging Face's layout; see ``ResumeTests`` for stopped ones.
@Suite struct HuggingFaceRunTests {
  static func settings(_ name: String) throws -> [String] {
    [
      "model=\(try GoldenModels.folder(name))", "training.samples=16", "evaluation.users=4",
      "lora.targets=q_proj,k_proj,v_proj,o_proj,up_proj", "training.epochs=2",
      "training.checkpoint-steps=1",
    ]
  }

  @Test(arguments: GoldenModels.names)
  func fineTunesEvaluatesAndRecords(name: String) throws {
    let run = try tinyRun(Self.settings(name)) { experiment, _, _ in
      #expect(experiment.loaded.path.hasSuffix(name))
    }
    #expect(run.table.rows.map(\.name) == ["popularity", "zero-shot", "bear"])
    #expect(try run.losses.count == 4 && run.losses.allSatisfy(\.isFinite))
    #expect(try run.predictions.count == 4)
    let yaml = String(decoding: try #require(run.files["run.yaml"]), as: UTF8.self)
    let hash = try ModelSources.open(GoldenModels.folder(name)).hash
    #expect(yaml.contains("model-sha256: \(hash)") || yaml.contains("model-sha256: \"\(hash)\""))
  }
}
